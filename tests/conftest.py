"""For all tests."""

import jaxtyping
from hypothesis import settings

# The shapes that geometry's annotations promise are checked at every call that a test makes.
SHAPED = ["xsim_core.geometry.se3", "xsim_core.geometry.camera"]
jaxtyping.install_import_hook(SHAPED, "beartype.beartype")

# A machine that is busy with other work stalls any example for longer than Hypothesis's 200 ms.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
