"""Capture: what a person brings, and an honest synthetic one.

``synthesize_capture`` renders a demo capture; ``ingest_capture`` reads anybody's from its files.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
