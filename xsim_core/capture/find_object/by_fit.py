"""The object around a click by its mesh, where what stands there cannot be told from a hand."""

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.film.standing import Box
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.geometry.arrays import SE3, DepthImage, RgbImage
from xsim_core.tracking import ObjectTracker, RayCaster, add_m

AROUND = 1.2
"""How many times the mesh's size the box is in which it is looked for."""
SAME_SHARE = 0.1
"""How far the two poses may be apart (ADD), as a share of the mesh's size."""


def fitted_box(
    rgb: RgbImage,
    depth_m: DepthImage,
    camera: PinholeCamera,
    mesh: TexturedMesh,
    click: tuple[float, float],
    z_m: float,
) -> Box:
    """The box of the pose in which the mesh fits at a click, as sure as ``pose_track`` would be.

    The pose is searched for around the click, then again in the box that it comes to, where it has
    to stand up to all that a box which a person drew is held against; both have to be the same, and
    to lie under the click.

    Args:
        rgb: (h, w, 3).
        depth_m: (h, w), 0 is no measurement.
        camera: of the image.
        mesh: of the object.
        click: (u, v), column and row.
        z_m: what is measured there.

    Raises:
        BadInputError: when it fits nowhere there, or not surely.
    """
    half_px = 0.5 * AROUND * mesh.diameter_m * float(camera.K[0, 0]) / z_m
    low = np.maximum(np.array(click) - half_px, 0)
    high = np.minimum(np.array(click) + half_px, [camera.width, camera.height])
    around = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    first, caster = _pose(rgb, depth_m, camera, mesh, around, is_drawn=False), RayCaster(mesh)
    box = _box(caster, first, camera)
    again = _pose(rgb, depth_m, camera, mesh, box, is_drawn=True)
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    apart_m = float(add_m(first[None], again[None], points)[0])
    if apart_m > SAME_SHARE * mesh.diameter_m:
        raise BadInputError(f"two poses fit there, {1000 * apart_m:.0f} mm apart")
    shown = caster.render(again, camera, margin_px=1)
    if not (np.abs(shown.pixels - np.rint(click)).max(axis=1) <= 1).any():
        raise BadInputError("it fits beside the click, not under it")
    return _box(caster, again, camera)


def check_first_pose(
    rgb: RgbImage, depth_m: DepthImage, camera: PinholeCamera, mesh: TexturedMesh, box: Box
) -> None:
    """Look for the mesh in a box as ``pose_track`` begins.

    Raises:
        BadInputError: when it would not begin there.
    """
    _pose(rgb, depth_m, camera, mesh, box, is_drawn=True)


def _pose(
    rgb: RgbImage,
    depth_m: DepthImage,
    camera: PinholeCamera,
    mesh: TexturedMesh,
    box: Box,
    *,
    is_drawn: bool,
) -> SE3:
    return ObjectTracker(mesh, camera).initialise(rgb, depth_m, box, is_drawn=is_drawn).T_cam_object


def _box(caster: RayCaster, T_cam_object: SE3, camera: PinholeCamera) -> Box:
    pixels = caster.render(T_cam_object, camera, margin_px=1).pixels
    if len(pixels) == 0:
        raise BadInputError("it fits outside the picture")
    left, top = (float(v) for v in pixels.min(0))
    right, bottom = (float(v) + 1 for v in pixels.max(0))
    return left, top, right, bottom
