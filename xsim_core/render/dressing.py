"""A room that changes between episodes: another table top, and things that did not stand there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import FrozenModel, Vec3
from xsim_core.geometry import make_se3, so3_exp

from .room import ClutterBox, RoomSpec, build_room, table_mesh, table_pose, thing_mesh
from .scene import add_visual, place

_AWAY = make_se3(np.eye(3), [0.0, 0.0, -50.0])
"""Further than cameras and shadow maps reach."""


class Dressing(FrozenModel):
    """What is otherwise in a room since it was filmed. It is seen, and touches nothing."""

    seed: int
    """Of all textures: the pattern or grain of the table's top, the things' own."""
    table_tint: Vec3 = (1.0, 1.0, 1.0)
    """Factor on the table's colour."""
    things: tuple[ClutterBox, ...] = ()
    """What stands on the table beside the room's own."""


class DressableRoom:
    """A room's entities in one SAPIEN scene, in one dressing at a time; those worn are kept."""

    def __init__(self, scene: Any, room: RoomSpec) -> None:
        self._scene, self._room = scene, room
        self._table = next(e for e in build_room(scene, room) if e.name == "table")
        self._T_world_table = table_pose(room)
        self._worn: Dressing | None = None
        self._wardrobe: dict[Dressing, list[tuple[Any, NDArray[np.float64]]]] = {}

    def wear(self, dressing: Dressing | None) -> None:
        """Show the room so from the next frame on; as it was filmed when None."""
        if dressing == self._worn:
            return
        if self._worn is not None:
            for entity, _ in self._wardrobe[self._worn]:
                place(entity, _AWAY)
        place(self._table, self._T_world_table if dressing is None else _AWAY)
        if dressing is not None:
            if dressing not in self._wardrobe:
                self._wardrobe[dressing] = self._make(dressing)
            for entity, T_world_entity in self._wardrobe[dressing]:
                place(entity, T_world_entity)
        self._worn = dressing

    def _make(self, dressing: Dressing) -> list[tuple[Any, NDArray[np.float64]]]:
        """Entities and their poses (4, 4) in the world."""
        rng = np.random.default_rng(dressing.seed)
        tint = np.array(self._room.table_tint) * dressing.table_tint
        r, g, b = (float(v) for v in tint)
        room = self._room.model_copy(update={"table_tint": (r, g, b)})
        mesh, T_world_table = table_mesh(room, rng)
        made = [(add_visual(self._scene, "another table", [mesh]), T_world_table)]
        for i, box in enumerate(dressing.things):
            mesh = thing_mesh(room, i, box, rng)
            T = make_se3(so3_exp([0, 0, box.yaw_rad]), [*box.position_m, box.size_m[2] / 2])
            made.append((add_visual(self._scene, f"thing {i}", [mesh]), T))
        return made
