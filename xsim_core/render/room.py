"""The synthetic true room: a textured table, walls, clutter and the printed board."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel, Vec3
from xsim_core.geometry import BoardSpec, TexturedMesh, make_se3, so3_exp

from .furniture.rooms import ROOMS
from .scene import add_visual, place
from .shapes import textured_box, textured_quad
from .textures import patterned_texture, tinted

BOARD_LIFT_M = 0.0015
"""Thickness of the printed board; also keeps it from z-fighting with the table."""


Furniture = Literal["patterned", "kitchen", "study"]


class ClutterBox(FrozenModel):
    """A textured box standing on the table, off the workspace."""

    position_m: tuple[float, float]
    """(x, y) of its centre."""
    size_m: Vec3
    """Edges; the last is its height."""
    yaw_rad: float = 0.0
    """Its turn about the vertical."""
    rgb: Vec3 = (0.5, 0.5, 0.5)
    """Colour about which its pattern varies, in [0, 1]."""


_CLUTTER = tuple(
    ClutterBox(position_m=position_m, size_m=size_m, yaw_rad=yaw_rad, rgb=rgb)
    for position_m, size_m, yaw_rad, rgb in (
        ((0.1, 0.55), (0.22, 0.16, 0.06), 0.4, (0.7, 0.3, 0.25)),
        ((0.14, 0.53), (0.15, 0.11, 0.16), 0.7, (0.3, 0.5, 0.7)),
        ((0.05, -0.55), (0.18, 0.18, 0.2), 0.2, (0.75, 0.65, 0.3)),
        ((0.55, -0.62), (0.28, 0.12, 0.09), -0.3, (0.35, 0.6, 0.4)),
        ((-0.35, -0.1), (0.14, 0.24, 0.24), 0.1, (0.55, 0.4, 0.65)),
        ((0.75, 0.55), (0.16, 0.12, 0.08), 1.1, (0.65, 0.5, 0.4)),
    )
)


def clutter_of(furniture: Furniture) -> tuple[ClutterBox, ...]:
    """What stands on the table; of everyday objects none stands in another."""
    if furniture == "patterned":
        return _CLUTTER
    moved = _CLUTTER[1].model_copy(update={"position_m": (0.33, 0.60)})
    return (_CLUTTER[0], moved, *_CLUTTER[2:])


class RoomSpec(FrozenModel):
    """A table-top room. Only looks may differ between the room filmed and the one deployed into."""

    furniture: Furniture = Field(default="patterned", exclude_if=lambda v: v == "patterned")
    """What it is made of; patterned is marbled noise with shapes strewn over it."""
    table_min_m: tuple[float, float] = (-0.70, -0.95)
    table_max_m: tuple[float, float] = (1.35, 0.95)
    wall_distance_m: float = Field(default=1.0, gt=0)
    """From the table's edges to the four walls."""
    floor_z_m: float = -0.7
    wall_height_m: float = 2.0
    clutter: tuple[ClutterBox, ...] = _CLUTTER
    board: BoardSpec | None = None
    texture_seed: int = 0
    texture_px_per_m: float = Field(default=700.0, gt=0)
    table_rgb: Vec3 = (0.62, 0.52, 0.40)
    table_contrast: float = 0.30
    table_tint: Vec3 = (1.0, 1.0, 1.0)
    wall_tint: Vec3 = (1.0, 1.0, 1.0)
    clutter_tint: Vec3 = (1.0, 1.0, 1.0)


def build_room(scene: Any, room: RoomSpec) -> list[Any]:
    """Add the room's visual actors to a SAPIEN scene; the robot's base is the origin.

    Args:
        scene: a ``sapien.Scene`` with a render system.
        room: what to build.

    Returns:
        The entities, so that they can be hidden or removed.
    """
    parts = room_meshes(room)
    entities = []
    for name, (mesh, T_world_part) in parts.items():
        entities.append(add_visual(scene, name, [mesh]))
        place(entities[-1], T_world_part)
    return entities


def room_meshes(room: RoomSpec) -> dict[str, tuple[TexturedMesh, NDArray[np.float64]]]:
    """Every part of the room by name: its mesh and its ``T_world_part`` (4, 4)."""
    rng = np.random.default_rng(room.texture_seed)
    parts = _table_and_walls(room, rng)
    for i, box in enumerate(room.clutter):
        mesh = thing_mesh(room, i, box, rng)
        T = make_se3(so3_exp([0, 0, box.yaw_rad]), [*box.position_m, box.size_m[2] / 2 + 5e-4 * i])
        parts[f"clutter_{i}"] = (mesh, T)
    if room.board is not None:
        parts["board"] = board_mesh(room.board)
    return parts


def thing_mesh(
    room: RoomSpec, number: int, box: ClutterBox, rng: np.random.Generator
) -> TexturedMesh:
    """What stands in the place of a box, made as the room's own things are.

    Args:
        room: says how things look there.
        number: which of the room's things it is like.
        box: its size and colour.
        rng: of its texture.
    """
    if room.furniture == "patterned":
        texture = patterned_texture(
            256,
            256,
            rng=rng,
            base_rgb=box.rgb,
            contrast=0.35,
            cells=8,
            num_shapes=50,
            shape_px=(5, 18),
            blur_px=1.2,
        )
        return textured_box(box.size_m, tinted(texture, room.clutter_tint))
    mesh = ROOMS[room.furniture].thing(number, box.size_m, rng)
    return replace(mesh, texture=tinted(mesh.texture, room.clutter_tint))


def board_mesh(board: BoardSpec) -> tuple[TexturedMesh, NDArray[np.float64]]:
    """The printed board with a white margin, and its pose: the quad's centre, in the world."""
    px = 64
    margin = px // 3
    printed = np.pad(board.to_image(px), margin, constant_values=255)
    # Real paper and toner are neither 0 nor 255.
    grey = (25 + printed.astype(np.float32) * (205 / 255)).astype(np.uint8)
    width, height = board.size_m
    border = 2 * margin / px * board.square_m
    mesh = textured_quad(width + border, height + border, np.repeat(grey[..., None], 3, axis=-1))
    T_board_quad = make_se3(np.eye(3), [width / 2, height / 2, 0])
    return mesh, np.asarray(board.T_world_board, float) @ T_board_quad


def _table_and_walls(
    room: RoomSpec, rng: np.random.Generator
) -> dict[str, tuple[TexturedMesh, NDArray[np.float64]]]:
    low, high = np.array(room.table_min_m), np.array(room.table_max_m)
    size, centre = high - low, (low + high) / 2
    parts = {"table": table_mesh(room, rng)}
    half = size / 2 + room.wall_distance_m
    z_mid = room.floor_z_m + room.wall_height_m / 2
    planes = {"floor": (2 * half[0], 2 * half[1], np.eye(3), [*centre, room.floor_z_m])}
    for name, axis, sign, yaw in (
        ("wall_x0", 0, -1, 0.0),
        ("wall_x1", 0, +1, np.pi),
        ("wall_y0", 1, -1, np.pi / 2),
        ("wall_y1", 1, +1, -np.pi / 2),
    ):
        position = [*centre, z_mid]
        position[axis] += sign * half[axis]
        planes[name] = (2 * half[1 - axis], room.wall_height_m, _upright(yaw), position)
    for name, (width, height, R, position) in planes.items():
        texture = tinted(_plane_texture(room, name, height, width, rng), room.wall_tint)
        parts[name] = (textured_quad(width, height, texture), make_se3(R, position))
    return parts


def table_mesh(
    room: RoomSpec, rng: np.random.Generator
) -> tuple[TexturedMesh, NDArray[np.float64]]:
    """The table's top, and its pose in the world."""
    size = np.array(room.table_max_m) - np.array(room.table_min_m)
    return textured_quad(size[0], size[1], _table_texture(room, size, rng)), table_pose(room)


def table_pose(room: RoomSpec) -> NDArray[np.float64]:
    """``T_world_table`` (4, 4): the centre of the table's top."""
    centre = (np.array(room.table_min_m) + np.array(room.table_max_m)) / 2
    return make_se3(np.eye(3), [*centre, 0.0])


def _table_texture(
    room: RoomSpec, size_m: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    if room.furniture != "patterned":
        width_m, height_m = (float(v) for v in size_m)
        paint = ROOMS[room.furniture].table
        return tinted(paint(height_m, width_m, room.texture_px_per_m, rng), room.table_tint)
    px = np.ceil(size_m * room.texture_px_per_m).astype(int)
    texture = patterned_texture(
        px[1],
        px[0],
        rng=rng,
        base_rgb=room.table_rgb,
        contrast=room.table_contrast,
        cells=round(float(size_m.max()) / 0.12),
        num_shapes=int(330 * size_m.prod()),
        shape_px=(0.008 * room.texture_px_per_m, 0.030 * room.texture_px_per_m),
        blur_px=1.5,
    )
    return tinted(texture, room.table_tint)


def _plane_texture(
    room: RoomSpec, name: str, height_m: float, width_m: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Of the floor or a wall."""
    if room.furniture != "patterned":
        furnished = ROOMS[room.furniture]
        if name == "floor":
            return furnished.floor(height_m, width_m, rng)
        return furnished.wall(int(name[-1]), height_m, width_m, rng)
    rgb = (0.4, 0.42, 0.45) if name == "floor" else (0.66, 0.66, 0.6)
    return patterned_texture(
        round(height_m * 160),
        round(width_m * 160),
        rng=rng,
        base_rgb=rgb,
        contrast=0.25,
        cells=16,
        num_shapes=int(30 * height_m * width_m),
        shape_px=(6, 20),
        blur_px=1.5,
    )


def _upright(yaw: float) -> NDArray[np.float64]:
    """A quad's +z turned to face along +x, its +y up, then turned by ``yaw`` around world z."""
    stand = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])
    return so3_exp([0, 0, yaw]) @ stand
