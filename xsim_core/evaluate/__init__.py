"""Evaluation: success with intervals on paired seeds, and errors against ground truth."""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
