"""For all tests."""

import jaxtyping
from hypothesis import settings

# The shapes that the annotations of transforms and cameras promise are checked at every call of
# every test.
CHECKED = ["xsim_core.geometry.se3", "xsim_core.geometry.camera"]
jaxtyping.install_import_hook(CHECKED, "beartype.beartype")

# A machine that is busy with other work stalls any example for longer than Hypothesis's 200 ms.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
