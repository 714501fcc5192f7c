"""For all tests."""

import jaxtyping
from hypothesis import settings

# The shapes that the annotations of transforms promise are checked at every call of every test.
jaxtyping.install_import_hook("xsim_core.geometry.se3", "beartype.beartype")

# A machine that is busy with other work stalls any example for longer than Hypothesis's 200 ms.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
