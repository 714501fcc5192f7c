"""For all tests."""

from hypothesis import settings

# A machine that is busy with other work stalls any example for longer than Hypothesis's 200 ms.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
