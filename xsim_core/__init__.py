"""X-Sim's science: a pure library that knows no orchestrator, no GPU and no network.

Three lines give a notebook what a run made::

    import xsim_core

    policy = xsim_core.load_policy("demo:calibrate")
    action = policy.act(rgb, state)
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
