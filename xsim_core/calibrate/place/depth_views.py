"""Depth pictures that the robot's camera should have taken, were it where it is believed to be."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.rendering import SceneRenderer
from xsim_core.world import RobotEpisodes

NEAR_TABLE_M = 0.012
"""Rendered surfaces this close to the table plane are the table."""
OUT_OF_SIGHT = (0.0, 0.0, -3.0, 1.0, 0.0, 0.0, 0.0)


def expected_depth(
    episodes: RobotEpisodes,
    rows: NDArray[np.integer],
    sim: OpenSimWorld,
) -> NDArray[np.float64]:
    """Arm and room (n, h, w) in metres from the nominal camera, at the joints of ``rows`` (n,).

    The object is left out: nobody knows yet where it is.
    """
    renderer = SceneRenderer(sim.assets, sim.background)
    camera, T_world_cam = episodes.rgbd_camera, episodes.T_world_cam
    depths = [
        renderer.render(
            np.array([*qpos, *OUT_OF_SIGHT]), T_world_cam, image_hw=(camera.height, camera.width)
        ).depth_m
        for qpos in episodes.joints[rows]
    ]
    return np.stack(
        [on_table_plane(depth, camera, T_world_cam, sim.assets.table_height_m) for depth in depths]
    )


def on_table_plane(
    depth_m: NDArray[np.floating],
    camera: PinholeCamera,
    T_world_cam: NDArray[np.floating],
    table_height_m: float,
) -> NDArray[np.float64]:
    """The picture (h, w) with the table where physics has it: splats render it millimetres low."""
    v, u = np.mgrid[: camera.height, : camera.width].astype(float)
    K = camera.K
    ray = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], axis=-1)
    down = ray @ np.asarray(T_world_cam)[2, :3]
    above_m = T_world_cam[2, 3] + depth_m * down - table_height_m
    is_table = (np.abs(above_m) < NEAR_TABLE_M) & (depth_m > 0)
    return np.where(is_table, depth_m - above_m / np.where(is_table, down, 1.0), depth_m)
