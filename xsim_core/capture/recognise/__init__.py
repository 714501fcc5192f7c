"""Recognise: what lies in a folder that somebody brings.

``look_around`` (run apart by ``look_apart``) reads foreign files and answers facts, among which
``xsim_core.capture.propose`` chooses. Which files a format has the readers say: here is no second
table of suffixes.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
