"""Recognise: what lies in a folder that somebody brings, and the ``capture.yaml`` that it makes.

``look_around`` (run apart by ``look_apart``) reads foreign files and answers facts; ``propose``
chooses among them with reasons; ``capture_text`` writes the choice down. Which files a format has
the readers say: here is no second table of suffixes.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
