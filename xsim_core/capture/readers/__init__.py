"""Readers of everything a person may bring: videos, photos, meshes.

Each module says at its top what it accepts; ``accepted.py`` gathers that into the table of
``docs/your-own-capture.md``.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
