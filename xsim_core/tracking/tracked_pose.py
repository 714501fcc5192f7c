"""What a tracker says of one frame."""

from dataclasses import dataclass

from xsim_core.geometry.arrays import SE3

OK, OCCLUDED, INTERPOLATED, LOST = 0, 1, 2, 3
"""Values of ``TrackedPose.status`` and of ``ObjectTrack``'s ``status``."""


@dataclass(frozen=True)
class TrackedPose:
    """The object's pose in one frame and the evidence for it."""

    T_cam_object: SE3
    """(4, 4)."""
    status: int
    """0 ok, 1 occluded (little of it is seen, and that agrees), 3 lost (the pose is a guess)."""
    score: float
    """How well depth and colour agree where the object is seen, in [0, 1]."""
    visible_fraction: float
    """Share of the object's silhouette with nothing in front of it."""
