"""Propose: the ``capture.yaml`` that the facts found in a folder make.

``propose`` chooses among them with reasons; ``capture_text`` writes the choice down.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
