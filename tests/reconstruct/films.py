"""Films of the test scene in which the hand comes for the block and leaves it."""

from dataclasses import dataclass

import numpy as np

from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, l_block, make_camera, push_motion
from xsim_core.film.frames import Video
from xsim_core.geometry import PinholeCamera, TexturedMesh, inverse_se3


@dataclass(frozen=True)
class HandFilm:
    """A film, and what was filmed."""

    video: Video
    mesh: TexturedMesh
    T_cam_object: np.ndarray
    box: tuple


def near_camera() -> PinholeCamera:
    """Shows the block some 60 pixels wide."""
    camera = make_camera(400, 300)
    K = camera.K.copy()
    K[0, 0] *= 1.7
    K[1, 1] *= 1.7
    return PinholeCamera(400, 300, K)


def hand_film(num_frames: int, *, is_pushed: bool = True) -> HandFilm:
    """The block pushed; in the first and the last frame, at rest, no hand is there."""
    camera, mesh = near_camera(), l_block()
    scene, (T, T_hand) = Scene(camera, mesh), push_motion(num_frames)
    steps_m = np.linalg.norm(np.diff(T[:, :3, 3], axis=0), axis=1)
    moves = np.r_[False, steps_m > 1e-4] | np.r_[steps_m > 1e-4, False]
    moves[[0, -1]] = False
    frames = [
        scene.render(a, b if is_near and is_pushed else None)
        for a, b, is_near in zip(T, T_hand, moves, strict=True)
    ]
    depth_mm = np.stack([np.round(1000 * depth_m).astype(np.uint16) for _, depth_m in frames])
    video = Video(
        np.stack([rgb for rgb, _ in frames]), depth_mm, np.arange(num_frames) / 10, camera
    )
    return HandFilm(video, mesh, inverse_se3(T_WORLD_CAM) @ T, box_of(mesh, T[0], camera))
