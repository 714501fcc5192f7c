"""For all tests."""

import jaxtyping
from hypothesis import settings

import tests.checking  # noqa: F401 - the hook asks for it by name

# What these modules' annotations promise of shapes and kinds of numbers is checked at every call of
# every test. What is called so often that the checks would take seconds (the tracker's raycast and
# frame, the student's augment, the simulator's controller, state, reward and env) is checked in its
# own tests alone, by tests/checking.py's shapes_checked.
CHECKED = [
    "xsim_core.geometry.camera",
    "xsim_core.geometry.mesh",
    "xsim_core.geometry.se3",
    "xsim_core.policies.chunks",
    "xsim_core.policies.networks.base",
    "xsim_core.policies.networks.encoder",
    "xsim_core.policies.networks.resnet",
    "xsim_core.policies.networks.small",
    "xsim_core.policies.networks.transformer",
    "xsim_core.policies.networks.unet",
    "xsim_core.policies.normalizer",
    "xsim_core.policies.student",
    "xsim_core.policies.teacher",
    "xsim_core.rasterize._cpp",
    "xsim_core.rasterize._gsplat",
    "xsim_core.rasterize._reference",
    "xsim_core.sim.episode.starts",
    "xsim_core.tracking.appearance",
    "xsim_core.tracking.metrics",
    "xsim_core.tracking.refine",
    "xsim_core.tracking.segments",
    "xsim_core.tracking.smoothing",
    "xsim_core.tracking.terms",
    "xsim_core.tracking.verify",
]
jaxtyping.install_import_hook(CHECKED, "tests.checking.checked")

# A machine that is busy with other work stalls any example for longer than Hypothesis's 200 ms.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

LONGEST = "test_end_to_end.py"


def pytest_collection_modifyitems(items):
    """The longest file first: begun last, it would be waited for with all else done."""
    items.sort(key=lambda item: item.path.name != LONGEST)
