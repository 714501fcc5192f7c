"""Everything a simulator process needs, as paths and numbers: picklable, no open handles."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import FrozenModel, Vec3

Matrix = tuple[tuple[float, ...], ...]
TABLE_HALF_M = (1.2, 1.2, 0.05)
"""Of the box whose top is the support plane."""
TABLE_XY_M = (0.5, 0.0)
"""Its centre."""


class SimAssets(FrozenModel):
    """Files and numbers from which environments and renderers are built."""

    object_name: str
    visual_glb: Path
    """The object's textured mesh, in the object frame."""
    collision_objs: tuple[Path, ...]
    """Convex pieces of the object."""
    scene_objs: tuple[Path, ...]
    """Convex pieces of the scene, world frame; the table plane is apart."""
    table_height_m: float
    object_centre: Vec3
    """Centre of mass in the object frame; positions in rewards mean this point."""
    T_world_object_start: Matrix
    T_world_waypoints: tuple[Matrix, ...]
    """Goals in order; the last one is the goal of the task."""
    start_qpos: tuple[float, ...]
    """(9,) arm and fingers before noise."""
    workspace_low: Vec3
    workspace_high: Vec3
    T_world_cam: Matrix
    """The video camera."""
    K: Matrix
    image_hw: tuple[int, int]

    @property
    def start(self) -> NDArray[np.float64]:
        """``T_world_object_start`` as an array (4, 4)."""
        return np.array(self.T_world_object_start)

    @property
    def waypoints(self) -> NDArray[np.float64]:
        """``T_world_waypoints`` as an array (k, 4, 4)."""
        return np.array(self.T_world_waypoints)
