"""The Python door: what a run made, as plain values, for notebooks and for robots.

Everything here is offered by ``xsim_core`` itself: ``xsim_core.load_policy("demo:calibrate")``.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
