"""Where on the table something may stand that is nobody's business in the task."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import transform_points
from xsim_core.render.room import RoomSpec
from xsim_core.sim.assets import SimAssets

BASE_RADIUS_M = 0.28
"""Of the robot's own place, around the origin."""
EDGE_M = 0.05
"""From the table's edge."""


@dataclass(frozen=True)
class Ground:
    """The table's plane, as far as the task uses it; all in the world, metres."""

    path: NDArray[np.float64]
    """(p, 2) the object's centre at its start and at each waypoint."""
    camera: NDArray[np.float64]
    """(2,) below the camera."""
    taken: NDArray[np.float64]
    """(t, 3) x, y and radius of what stands there already, the robot's base among it."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """(2,) corners of the table."""

    @staticmethod
    def of(assets: SimAssets, room: RoomSpec) -> "Ground":
        """Of a reconstruction's task in a room."""
        centre = np.array(assets.object_centre)[None]
        poses = [assets.start, *assets.waypoints]
        path = np.concatenate([transform_points(T, centre)[:, :2] for T in poses])
        boxes = [(*b.position_m, np.hypot(*b.size_m[:2]) / 2) for b in room.clutter]
        return Ground(
            path=path,
            camera=np.array(assets.T_world_cam)[:2, 3],
            taken=np.array([(0.0, 0.0, BASE_RADIUS_M), *boxes]),
            low=np.array(room.table_min_m) + EDGE_M,
            high=np.array(room.table_max_m) - EDGE_M,
        )

    def is_free(self, at: tuple[float, float], radius_m: float, clear_m: float) -> bool:
        """Whether something of this radius may stand there (x, y).

        It keeps ``clear_m`` from the object's centre on all of its path, stands on nothing else
        and on the table, and not before the path as the camera sees it.
        """
        position = np.array(at)
        to_path = self.path - position
        nearest = int(np.argmin(np.hypot(*to_path.T)))
        is_clear = np.hypot(*to_path[nearest]) - radius_m >= clear_m
        to_taken = np.hypot(*(self.taken[:, :2] - position).T)
        is_alone = bool((to_taken >= self.taken[:, 2] + radius_m).all())
        is_on_table = bool((position >= self.low).all() and (position <= self.high).all())
        # Beside or behind the nearest point of the path, for it would hide what happens there.
        towards_camera = self.camera - self.path[nearest]
        is_behind = float(-to_path[nearest] @ towards_camera) <= 0
        return bool(is_clear and is_alone and is_on_table and is_behind)

    def with_taken(self, at: tuple[float, float], radius_m: float) -> "Ground":
        """The same with something more that stands there (x, y)."""
        return replace(self, taken=np.vstack([self.taken, [*at, radius_m]]))
