"""How a pose and one picture cover each other, both ways: silhouette, box, surface, rim, support.

``verify`` asks how well what is seen of the object agrees, whatever hides the rest, and suits
frames that continue a track. Here what lies in front of the mesh counts against it, and so does
what the mesh leaves over: a wrong mesh has nothing else to be told by. Only what reaches into the
box from outside, as a hand does, may hide the object.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from xsim_core.geometry.arrays import SE3, BoxXyxy, Mask, Values
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.raycast import RayCaster, Rendering, dilate, erode
from xsim_core.tracking.terms import depth_sigma

from .support import Support, find_support, measured_points

BOX_MARGIN = 0.15
"""How far the object may reach beyond the box, in box sides: boxes are drawn by hand."""
STANDING_M = 0.01
"""Lower than this above the support counts as the support."""
RIM_PX = (1, 4)
"""The rim is looked at this far outside the silhouette."""
USUAL_RIM = 0.6
"""So much of the rim may continue the surface: where the object stands on the table."""


@dataclass(frozen=True)
class Coverage:
    """Shares in [0, 1]; None where a picture does not tell."""

    in_box: float = 0.0
    """Of the silhouette, what lies in the box or just beside it."""
    box_filled: float = 0.0
    """Of the drawn box, what the silhouette's own box covers."""
    seen: float = 0.0
    """Of the silhouette, what nothing that comes into the box hides."""
    closeness: float = 0.0
    """How near the measured surface lies to the rendered one; what lies in front disagrees too."""
    continued: float | None = None
    """Of the rim outside the silhouette, where the measured surface goes on as if it were the
    object's: nearly all for a mesh too small, up to ``USUAL_RIM`` for the right one."""
    explained: float | None = None
    """Of what stands out of the support in the box, what the silhouette covers."""
    standing: float | None = None
    """Of the silhouette that should stand out of the support, what does."""

    @property
    def rim(self) -> float:
        """1 where the surface ends with the silhouette, 0 where it goes on all around."""
        beyond = max((self.continued or 0.0) - USUAL_RIM, 0.0)
        return 1 - beyond / (1 - USUAL_RIM)

    @property
    def quality(self) -> float:
        """All of it as one number in [0, 1], to compare poses of the same picture by."""
        parts = [share for share in (self.explained, self.standing) if share is not None]
        return float(self.closeness * self.rim * np.prod(parts))


class CoverageJudge:
    """Measures poses against one picture and the box drawn in it."""

    def __init__(self, level: Level, box: BoxXyxy, config: TrackerConfig) -> None:
        """Find what stands in the box (x0, y0, x1, y1), pixels of the level."""
        self.level, self.box, self.config = level, box, config
        self._support: Support | None = find_support(level, box, config)
        margin = BOX_MARGIN * (box[2:] - box[:2])
        self._low, self._high = box[:2] - margin, box[2:] + margin
        v, u = np.mgrid[: level.depth_m.shape[0], : level.depth_m.shape[1]]
        in_box = self._is_in_box(np.stack([u, v], axis=-1))
        self._border = in_box & ~erode(in_box, 1)
        self._stands = np.zeros(level.depth_m.shape, bool)
        if self._support is not None:
            high = self._support.heights(measured_points(level)) > STANDING_M
            self._stands = high & in_box & (level.depth_m > 0)

    def coverage(self, caster: RayCaster, T_cam_object: SE3) -> Coverage:
        """Of a mesh at a pose (4, 4)."""
        rendering = caster.render(T_cam_object, self.level.camera, margin_px=RIM_PX[1] + 1)
        if len(rendering.pixels) < 12:
            return Coverage()
        intruder = self._intruder(rendering)
        explained, standing = self._standing(rendering, intruder)
        closeness, seen = self._closeness(rendering, intruder)
        return Coverage(
            in_box=float(self._is_in_box(rendering.pixels).mean()),
            box_filled=self._box_filled(rendering),
            seen=seen,
            closeness=closeness,
            continued=self._continued(rendering, intruder),
            explained=explained,
            standing=standing,
        )

    def _is_in_box(self, pixels: NDArray[np.integer]) -> NDArray[np.bool_]:
        return np.asarray(((pixels >= self._low) & (pixels <= self._high)).all(-1))

    def _box_filled(self, rendering: Rendering) -> float:
        low, high = rendering.pixels.min(0) - 0.5, rendering.pixels.max(0) + 0.5
        shared = np.clip(np.minimum(high, self.box[2:]) - np.maximum(low, self.box[:2]), 0, None)
        return float(shared.prod() / max((self.box[2:] - self.box[:2]).prod(), 1.0))

    def _tolerance(self, z: Values) -> Values:
        return 3 * depth_sigma(z, self.config) + 0.002

    def _intruder(self, rendering: Rendering) -> Mask:
        """Pixels (h, w) of what comes in over the border of the box: a hand, something beside it.

        Without a support nothing is known to stand out, and nothing is excused.
        """
        odd = self._stands.copy()
        odd[rendering.roi.slices] &= ~rendering.mask
        u, v = rendering.pixels.T
        z = rendering.points_cam[:, 2]
        odd[v, u] |= self._stands[v, u] & (self.level.depth_m[v, u] < z - self._tolerance(z))
        _, labels = cv2.connectedComponents(odd.astype(np.uint8), connectivity=8)
        at_border = np.unique(labels[self._border & odd])
        return np.asarray(odd & np.isin(labels, at_border[at_border > 0]))

    def _closeness(self, rendering: Rendering, intruder: Mask) -> tuple[float, float]:
        """Closeness where nothing hides the object, and the share that nothing hides."""
        inner = _inner(rendering.mask)[rendering.mask]
        free = inner & ~rendering.at_hits(dilate(intruder, 1))
        observed, z = rendering.at_hits(self.level.depth_m), rendering.points_cam[:, 2]
        use = free & (observed > 0)
        if use.sum() < 8:
            return 0.0, 0.0
        off = (observed - z)[use] / self._tolerance(z[use])
        return float(np.exp(-0.5 * off**2).mean()), float(free.sum()) / float(inner.sum())

    def _continued(self, rendering: Rendering, intruder: Mask) -> float | None:
        """Compares the rim with the tangent plane of the silhouette's nearest inner pixel."""
        rim = dilate(rendering.mask, RIM_PX[1]) & ~dilate(rendering.mask, RIM_PX[0])
        depth_m = self.level.depth_m[rendering.roi.slices]
        v, u = np.nonzero(rim & (depth_m > 0) & ~intruder[rendering.roi.slices])
        if len(v) < 12:
            return None
        nearest = distance_transform_edt(
            ~_inner(rendering.mask), return_distances=False, return_indices=True
        )
        row, column = np.asarray(nearest)[:, v, u]
        points = rendering.image_of(rendering.points_cam)[row, column]
        normals = rendering.image_of(rendering.normals_cam)[row, column]
        K, roi = self.level.camera.K, rendering.roi
        x, y = (u + roi.u0 - K[0, 2]) / K[0, 0], (v + roi.v0 - K[1, 2]) / K[1, 1]
        slope = np.minimum((normals * np.stack([x, y, np.ones_like(x)], -1)).sum(-1), -1e-3)
        z = points[:, 2]
        # A grazing plane runs away from the object at once; 2 cm is as far as it is believed.
        tangent = np.clip((normals * points).sum(-1) / slope, z, z + 0.02)
        return float((depth_m[v, u] <= tangent + self._tolerance(z)).mean())

    def _standing(self, rendering: Rendering, intruder: Mask) -> tuple[float | None, float | None]:
        if self._support is None:
            return None, None
        should: Mask = np.zeros_like(self._stands)
        u, v = rendering.pixels[self._support.heights(rendering.points_cam) > STANDING_M].T
        should[v, u] = (self.level.depth_m[v, u] > 0) & ~intruder[v, u]
        if should.sum() < max(12, 0.3 * len(rendering.pixels)):
            return None, None  # too flat, or below the table, to tell it from the table
        covered: Mask = np.zeros_like(self._stands)
        covered[rendering.roi.slices] = dilate(rendering.mask, 1)
        stands = self._stands & ~intruder
        explained = (stands & covered).sum() / max(1, stands.sum())
        standing = (should & dilate(stands, 1)).sum() / should.sum()
        return float(explained), float(standing)


def _inner(mask: Mask) -> Mask:
    """The silhouette without its mixed border pixels, unless nothing is left then."""
    inner = erode(mask, 1)
    return inner if inner.sum() >= 12 else mask
