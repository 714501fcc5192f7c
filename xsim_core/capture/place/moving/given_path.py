"""A camera's path that came with its film, as it is before the film was asked what it means."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.rigid import axes_rotation
from xsim_core.capture.place.spec import PathAxes, PathMaps
from xsim_core.config import FrozenModel
from xsim_core.geometry import inverse_se3, rotation_angle

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STILL_M, STILL_RAD = 0.02, np.deg2rad(3)


class AboutPath(FrozenModel):
    """What a file's format says of its matrices; None where it leaves that open."""

    name: str
    form: str
    """How the file is called in sentences."""
    maps: PathMaps | None = None
    axes: PathAxes | None = None
    unit_m: float | None = None
    has_metres: bool = True
    """False where the format's lengths are of any unit."""


@dataclass(frozen=True)
class GivenPath:
    """The matrices of a film's frames."""

    T: Floats
    """(t, 4, 4) rigid, in the file's own lengths; the identity where there is none."""
    has_pose: Mask
    """(t,)."""
    about: AboutPath

    @staticmethod
    def of(T: Floats, has_pose: Mask, told: dict[str, Any]) -> "GivenPath":
        """From arrays and plain values."""
        return GivenPath(T, has_pose, AboutPath.model_validate(told))

    def of_frames(self, kept: Mask) -> "GivenPath":
        """The part of a film of which only these frames (t,) are left."""
        return GivenPath(self.T[kept], self.has_pose[kept], self.about)

    def poses(self, maps: PathMaps, axes: PathAxes, metres: float) -> Floats:
        """``T_file_cam`` (t, 4, 4) in metres, of OpenCV's cameras, if they are meant so."""
        T = self.T if maps == "camera_to_world" else inverse_se3(self.T)
        T = T.copy()
        T[:, :3, :3] = T[:, :3, :3] @ axes_rotation(axes)
        T[:, :3, 3] *= metres
        return T


def is_still(T: Floats) -> bool:
    """Whether poses (n, 4, 4) in metres are one, up to what noise makes of them."""
    far_m = np.linalg.norm(T[:, :3, 3] - T[0, :3, 3], axis=1).max()
    return bool(far_m < STILL_M and rotation_angle(T[0, :3, :3], T[:, :3, :3]).max() < STILL_RAD)
