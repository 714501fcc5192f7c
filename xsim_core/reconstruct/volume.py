"""Truncated signed distances around the object, in its own frame (Curless and Levoy 1996).

``xsim_core.splat.mesh`` fuses the room's depth likewise, with colours and without free space: what
is beside its surfaces was not rendered, it is merely not there. What both do alike, finding each
voxel's pixel, is the camera's ``nearest_pixels``.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, transform_points

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]

MIN_WEIGHT = 1.0
"""Of a voxel that counts as looked at."""


@dataclass(frozen=True)
class Look:
    """One frame, and what of it is known."""

    rgb: NDArray[np.uint8]
    """(h, w, 3)."""
    depth_m: NDArray[np.float32]
    """(h, w); 0 is no measurement. Whatever is measured, what lies before it is free."""
    is_object: Flags
    """(h, w): what is measured there is the object's surface."""
    T_cam_object: Floats
    """(4, 4)."""
    camera: PinholeCamera
    weight: float = 1.0
    """How many frames it stands for."""

    def cropped(self) -> "Look":
        """The part of the picture that shows the object: films are large, and many are kept."""
        rows, columns = (np.flatnonzero(self.is_object.any(axis=k)) for k in (1, 0))
        if len(rows) == 0:
            return self
        v0, v1, u0, u1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        K = self.camera.K.copy()
        K[:2, 2] -= [u0, v0]
        cut = slice(v0, v1), slice(u0, u1)
        return replace(
            self,
            rgb=self.rgb[cut].copy(),
            depth_m=self.depth_m[cut].copy(),
            is_object=self.is_object[cut].copy(),
            camera=PinholeCamera(int(u1 - u0), int(v1 - v0), K),
        )


@dataclass
class Volume:
    """Voxels in the object's frame: how far before its surface each lies, as far as was seen."""

    low_m: Floats
    """(3,) centre of the first voxel."""
    shape: tuple[int, int, int]
    voxel_m: float
    truncation_m: float
    _sums: NDArray[np.float32] = field(init=False)
    _weight: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        """Start knowing nothing."""
        self._sums = np.zeros(self.shape, np.float32)
        self._weight = np.zeros(self.shape, np.float32)
        axes = [
            low + self.voxel_m * np.arange(n) for low, n in zip(self.low_m, self.shape, strict=True)
        ]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
        self._centres = grid.reshape(-1, 3).astype(np.float32)

    @property
    def is_known(self) -> Flags:
        """Voxels (x, y, z) that were looked at: free, or at a surface."""
        return self._weight >= MIN_WEIGHT

    @property
    def distance(self) -> NDArray[np.float32]:
        """Mean distance (x, y, z) in truncations: 1 is free, below 0 inside; 0 if unknown."""
        return np.asarray(self._sums / np.maximum(self._weight, 1e-6), np.float32)

    def integrate(self, look: Look) -> None:
        """Add one frame.

        A pixel of the object tells its surface; any other only that nothing is before it, kept a
        truncation away so that the table beside the object's foot does not eat it.
        """
        points = transform_points(look.T_cam_object.astype(np.float32), self._centres)
        rows, pixel = look.camera.nearest_pixels(points)
        measured, of_object = look.depth_m[pixel], look.is_object[pixel]
        before = measured - points[rows, 2]
        least = np.where(of_object, -self.truncation_m, self.truncation_m)
        use = (measured > 0) & (before > least)
        rows, before = rows[use], before[use]
        value = np.minimum(before / self.truncation_m, 1.0)
        self._sums.reshape(-1)[rows] += look.weight * value
        self._weight.reshape(-1)[rows] += look.weight
