"""Whether a mesh still is what the first look showed: views that were fused may have been wrong."""

from typing import TYPE_CHECKING

import numpy as np

from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.tracking import RayCaster
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.raycast import dilate, erode
from xsim_core.tracking.terms import depth_sigma

if TYPE_CHECKING:
    from .first_look import FirstLook

MIN_AGREEMENT = 0.85
"""Of the first look's pixels of the object that a sound mesh covers, at the depth measured there;
and of the mesh's own pixels that lie on the object. A mesh of one view alone has 0.99."""


def agreement(
    mesh: TexturedMesh, first: "FirstLook", camera: PinholeCamera, config: TrackerConfig
) -> float:
    """The smaller share, in [0, 1], of the object's pixels and of the mesh's that agree.

    Args:
        mesh: in the first look's frame.
        first: what stood in the box.
        camera: of the film.
        config: tells the depth's noise.
    """
    rendering = RayCaster(mesh).render(first.T_cam_object, camera, margin_px=2)
    if len(rendering.pixels) == 0:
        return 0.0
    u, v = rendering.pixels.T
    z, measured = rendering.points_cam[:, 2], rendering.at_hits(first.depth_m)
    near_m = 3 * depth_sigma(z, config) + 0.004
    agrees, covered = np.zeros(first.is_object.shape, bool), np.zeros(first.is_object.shape, bool)
    agrees[v, u] = (measured > 0) & (np.abs(measured - z) < near_m)
    covered[v, u] = True
    # At silhouettes depth is neither the object's nor what lies behind it.
    inner = erode(first.is_object, 1)
    known = covered & (first.depth_m > 0) & ~(dilate(first.is_object, 2) & ~inner)
    of_object = (agrees & inner).sum() / max(1, inner.sum())
    of_mesh = (inner & covered).sum() / max(1, known.sum())
    return float(min(of_object, of_mesh))
