"""The object as what stands at a pixel that a person clicked, grown from depth, or fitted there."""

import numpy as np

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError
from xsim_core.film.standing import (
    MAX_SIZE_M,
    Box,
    DepthM,
    Mask,
    SetAside,
    Standing,
    standing_at,
)
from xsim_core.geometry import PinholeCamera, TexturedMesh

from .by_fit import check_first_pose, fitted_box
from .found import FoundObject, Sizes, box_words, widened

CLICK_PX = 3
"""How far around the click the object is looked for: a hand is not steadier."""
USUAL_M = 0.2
"""About how large a thing without a mesh is taken to be, to look for its table around it."""
CLICK_MEND = (
    "Click the middle of the object in a frame (init_frame) in which it stands free, or draw its "
    "box: xsim capture annotate FOLDER"
)


def object_at_click(
    video: RGBDVideo, frame: int, click: tuple[float, float], mesh: TexturedMesh | None
) -> FoundObject:
    """Find the object around a pixel of one frame; the camera may move.

    What stands there free is grown from depth. Where that is no answer, as under a hand, the mesh
    is fitted, and believed as ``pose_track`` believes its first pose.

    Args:
        video: its depth in millimetres.
        frame: its place in the film.
        click: (u, v), column and row of a pixel on the object.
        mesh: of the object, where one was brought.

    Raises:
        BadInputError: when what is there cannot be told from what surrounds it, or is not of the
            mesh's size.
    """
    camera = video.camera
    depth_m = np.asarray(video.depth_mm[frame]).astype(np.float32) * np.float32(1e-3)
    u, v = click
    lead = f"capture.yaml: click [{u:g}, {v:g}]"
    if not (0 <= u < camera.width and 0 <= v < camera.height):
        raise BadInputError(
            f"{lead} is no pixel of the {camera.width}x{camera.height} image: [column, row]"
        )
    rows, columns = np.mgrid[: camera.height, : camera.width]
    seeds = np.hypot(columns - u, rows - v) <= CLICK_PX
    z = depth_m[seeds & (depth_m > 0)]
    if len(z) == 0:
        raise BadInputError(f"{lead}: no depth is measured there. {CLICK_MEND}")
    z_m, wh = float(np.median(z)), (camera.width, camera.height)
    try:
        found = _grown(seeds, depth_m, camera, click, z_m, mesh, lead)
        box = widened(found.box_xyxy, z_m, float(camera.K[0, 0]), wh)
        if mesh is not None and found.diameter_m > mesh.diameter_m:
            _check_larger(video, frame, depth_m, box, found.diameter_m, mesh, lead)
    except BadInputError as error:
        if mesh is None:
            raise
        return _fitted(video, frame, depth_m, click, z_m, mesh, error)
    note = (
        f"the object was grown from the click [{u:g}, {v:g}]: {box_words(box)} in pixels, "
        f"{1000 * found.diameter_m:.0f} mm across as far as it is seen"
    )
    return FoundObject(box, found.diameter_m, note)


def _grown(
    seeds: Mask,
    depth_m: DepthM,
    camera: PinholeCamera,
    click: tuple[float, float],
    z_m: float,
    mesh: TexturedMesh | None,
    lead: str,
) -> Standing:
    """What stands free at the click, of the mesh's size."""
    (u, v), sizes = click, Sizes.of(mesh)
    size_m = sizes.mesh_m or USUAL_M
    half_px = 0.5 * size_m * float(camera.K[0, 0]) / z_m
    around: Box = (u - half_px, v - half_px, u + half_px, v + half_px)
    least_m, most_m = (0.0, MAX_SIZE_M) if mesh is None else (sizes.least_m, sizes.most_m)

    def grown(around: Box) -> Standing | SetAside:
        return standing_at(
            seeds, depth_m, camera, around=around, min_size_m=least_m, max_size_m=most_m
        )

    found = grown(around)
    if isinstance(found, Standing):  # Its own surroundings tell the table better.
        found = grown(found.box_xyxy)
    if not isinstance(found, Standing):
        raise BadInputError(f"{lead}: what is there {found.why}. {CLICK_MEND}")
    if not sizes.fit(found.diameter_m):
        raise BadInputError(
            f"{lead}: what stands there, {box_words(found.box_xyxy)}, is "
            f"{1000 * found.diameter_m:.0f} mm across as far as it is seen; of the mesh, "
            f"{1000 * size_m:.0f} mm across, at least {1000 * sizes.least_m:.0f} mm are seen. "
            f"{CLICK_MEND}"
        )
    return found


def _check_larger(
    video: RGBDVideo,
    frame: int,
    depth_m: DepthM,
    box: Box,
    diameter_m: float,
    mesh: TexturedMesh,
    lead: str,
) -> None:
    """Hold what is larger than the mesh against it: noise makes it so, or a hand that holds it.

    Raises:
        BadInputError: when ``pose_track`` would not begin with this box.
    """
    try:
        check_first_pose(np.asarray(video.rgb[frame]), depth_m, video.camera, mesh, box)
    except BadInputError as misfit:
        raise BadInputError(
            f"{lead}: what stands there, {box_words(box)}, is {1000 * diameter_m:.0f} mm across, "
            f"the mesh {1000 * mesh.diameter_m:.0f} mm, and does not fill it: something is held "
            f"or lies at it. {CLICK_MEND}"
        ) from misfit


def _fitted(
    video: RGBDVideo,
    frame: int,
    depth_m: DepthM,
    click: tuple[float, float],
    z_m: float,
    mesh: TexturedMesh,
    error: BadInputError,
) -> FoundObject:
    """What the mesh fits at the click; else what was wrong with what stands there."""
    camera, rgb = video.camera, np.asarray(video.rgb[frame])
    try:
        found = fitted_box(rgb, depth_m, camera, mesh, click, z_m)
    except BadInputError as misfit:
        raise BadInputError(f"{error} Nor does the mesh fit there for sure: {misfit}") from misfit
    note = (
        f"the object was found where its mesh fits at the click [{click[0]:g}, {click[1]:g}]: "
        f"{box_words(found)} in pixels. It could not be grown from depth: {error}"
    )
    return FoundObject(found, mesh.diameter_m, note)
