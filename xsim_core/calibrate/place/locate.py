"""The object's pose in the frames of a robot rollout, from its RGB-D recording."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.calibrate.config import LocateConfig
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, TexturedMesh, inverse_se3, transform_points
from xsim_core.tracking import OK, ObjectTracker, TrackedPose


@dataclass(frozen=True)
class LocatedObject:
    """Poses of the object over a rollout."""

    T_world_object: NDArray[np.float64]
    """(t, 4, 4)."""
    score: NDArray[np.float32]
    """(t,), 0 where the pose is a guess."""


def expected_box(
    mesh: TexturedMesh,
    camera: PinholeCamera,
    T_cam_object: NDArray[np.floating],
    *,
    margin_px: int,
) -> tuple[float, float, float, float]:
    """(u0, v0, u1, v1) around the projected mesh, inside the image.

    Raises:
        BadInputError: when the expected pose is outside the image.
    """
    uv = camera.project(transform_points(T_cam_object, mesh.vertices))
    limits = np.array([camera.width - 1, camera.height - 1], float)
    seen = uv[np.isfinite(uv).all(axis=1)]
    low, high = limits, np.zeros(2)
    if len(seen):
        low = np.clip(seen.min(axis=0) - margin_px, 0, limits)
        high = np.clip(seen.max(axis=0) + margin_px, 0, limits)
    if not (high - low > 4).all():
        raise BadInputError(
            f"the object's expected start lies outside the {camera.width}x{camera.height} image. "
            "Was the camera moved since the video?"
        )
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def locate_object(
    rgb: Iterable[NDArray[np.uint8]],
    depth_mm: Iterable[NDArray[np.uint16]],
    *,
    mesh: TexturedMesh,
    camera: PinholeCamera,
    T_world_cam: NDArray[np.floating],
    T_world_object: NDArray[np.floating],
    time_s: NDArray[np.float64],
    config: LocateConfig,
    on_frame: Callable[[], None] = lambda: None,
) -> LocatedObject:
    """Track the object through a rollout, from near its expected start pose.

    Args:
        rgb: (h, w, 3) each, in order.
        depth_mm: (h, w) each, as many, 0 = no measurement.
        mesh: the object.
        camera: intrinsics of both images.
        T_world_cam: (4, 4) nominal camera.
        T_world_object: (4, 4) expected start pose.
        time_s: (t,) of the images, increasing; they tell how far the object can have come.
        config: settings.
        on_frame: called after every frame.

    Raises:
        BadInputError: when the object is not found in the first frame.
    """
    tracker = ObjectTracker(mesh, camera, config.tracker)
    box = expected_box(
        mesh, camera, inverse_se3(T_world_cam) @ T_world_object, margin_px=config.box_margin_px
    )
    found: list[TrackedPose] = []
    for seen_s, colour, mm in zip(time_s.tolist(), rgb, depth_mm, strict=True):
        depth_m = mm / np.float32(1000)
        if found:
            found.append(tracker.track(colour, depth_m, seen_s))
        else:
            found.append(tracker.initialise(colour, depth_m, box, seen_s, is_drawn=False))
        on_frame()
    return LocatedObject(
        np.stack([T_world_cam @ pose.T_cam_object for pose in found]),
        np.array([_trust(pose) for pose in found], np.float32),
    )


def _trust(pose: TrackedPose) -> float:
    return pose.score if pose.status == OK else 0.0
