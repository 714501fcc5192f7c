"""The furnished rooms by name: what each surface and each thing on the table is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xsim_core.config import Vec3
from xsim_core.geometry import TexturedMesh
from xsim_core.render.shapes import textured_box, textured_cylinder
from xsim_core.render.textures import RGB

from .cloth import checked_cloth, woven_rug
from .fronts import cupboards, plaster, shelves, tiles
from .prints import book_backs, printed_front
from .wood import wood_texture

OAK, WALNUT, PINE = (0.80, 0.62, 0.43), (0.50, 0.34, 0.23), (0.86, 0.70, 0.48)
SAGE = (0.62, 0.74, 0.66)
WALL_PX_PER_M = 160.0
Rng = np.random.Generator


@dataclass(frozen=True)
class Furnished:
    """How a room's parts look; sizes in metres, textures' columns along x."""

    table: Callable[[float, float, float, Rng], RGB]
    """Of height (y), width (x) and pixels a metre."""
    floor: Callable[[float, float, Rng], RGB]
    wall: Callable[[int, float, float, Rng], RGB]
    """Of the wall's number, height and width."""
    thing: Callable[[int, Vec3, Rng], TexturedMesh]
    """Of its number and size: what stands in place of that box of clutter, as high and broad."""


def _kitchen_table(height_m: float, width_m: float, px_per_m: float, rng: Rng) -> RGB:
    image = wood_texture(height_m, width_m, px_per_m, rng=rng, rgb=OAK, board_m=0.12)
    cloth = checked_cloth(0.62, 0.46, px_per_m, rng=rng, rgb=(0.70, 0.20, 0.20))
    # Table coordinates: the quad's top row lies at +y, x runs with the columns from -0.7 m.
    return _laid(image, cloth, at_m=(height_m - 1.29, 1.02), px_per_m=px_per_m)


def _study_table(height_m: float, width_m: float, px_per_m: float, rng: Rng) -> RGB:
    image = wood_texture(
        height_m, width_m, px_per_m, rng=rng, rgb=WALNUT, board_m=0.3, contrast=1.3
    )
    palette = ((0.62, 0.22, 0.18), (0.90, 0.82, 0.66), (0.18, 0.27, 0.38), (0.78, 0.56, 0.26))
    rug = woven_rug(0.80, 0.52, px_per_m, rng=rng, palette=palette)
    return _laid(image, rug, at_m=(0.60, 0.98), px_per_m=px_per_m)


def _laid(image: RGB, cloth: RGB, *, at_m: tuple[float, float], px_per_m: float) -> RGB:
    """The table with a cloth on it, its upper left corner so far down and right."""
    top, left = (round(v * px_per_m) for v in at_m)
    part = image[top : top + len(cloth), left : left + cloth.shape[1]]
    part[:] = cloth[: part.shape[0], : part.shape[1]]
    for edge in (part[:2], part[-2:], part[:, :2], part[:, -2:]):
        edge[:] = (0.7 * edge).astype(np.uint8)
    return image


def _kitchen_wall(number: int, height_m: float, width_m: float, rng: Rng) -> RGB:
    rows, columns = round(height_m * WALL_PX_PER_M), round(width_m * WALL_PX_PER_M)
    if number % 2:
        wall = plaster(rows, columns, rng=rng, rgb=(0.86, 0.84, 0.76))
    else:
        wall = tiles(rows, columns, rng=rng, rgb=(0.80, 0.86, 0.86), tile_px=(16, 32))
    return cupboards(wall, WALL_PX_PER_M, rng=rng, rgb=SAGE)


def _study_wall(number: int, height_m: float, width_m: float, rng: Rng) -> RGB:
    rows, columns = round(height_m * WALL_PX_PER_M), round(width_m * WALL_PX_PER_M)
    rgb = ((0.62, 0.68, 0.66), (0.82, 0.78, 0.70))[number % 2]
    return shelves(plaster(rows, columns, rng=rng, rgb=rgb), WALL_PX_PER_M, rng=rng)


def _kitchen_floor(height_m: float, width_m: float, rng: Rng) -> RGB:
    rows, columns = round(height_m * WALL_PX_PER_M), round(width_m * WALL_PX_PER_M)
    return tiles(rows, columns, rng=rng, rgb=(0.55, 0.50, 0.46), tile_px=(48, 48))


def _study_floor(height_m: float, width_m: float, rng: Rng) -> RGB:
    return wood_texture(height_m, width_m, WALL_PX_PER_M, rng=rng, rgb=PINE, board_m=0.1)


def _kitchen_thing(number: int, size_m: Vec3, rng: Rng) -> TexturedMesh:
    rgb = ((0.86, 0.36, 0.2), (0.22, 0.5, 0.62), (0.9, 0.78, 0.4), (0.4, 0.58, 0.36))[number % 4]
    if number in (1, 5):  # A tin with its label.
        label = np.hstack([printed_front(220, 180, rng=rng, rgb=rgb) for _ in range(3)])
        return textured_cylinder(min(size_m[:2]) / 2, size_m[2], label)
    if number == 0:  # A chopping board, or what lies flat.
        return textured_box(size_m, wood_texture(0.5, 0.5, 700, rng=rng, rgb=PINE, board_m=0.08))
    return textured_box(
        size_m, _atlas([printed_front(256, 192, rng=rng, rgb=rgb) for _ in range(6)])
    )


def _study_thing(number: int, size_m: Vec3, rng: Rng) -> TexturedMesh:
    if number == 1:  # A pot of pencils.
        wrap = wood_texture(0.3, 0.8, 700, rng=rng, rgb=OAK, board_m=0.05)
        return textured_cylinder(min(size_m[:2]) / 2, size_m[2], wrap)
    backs = [np.rot90(book_backs(192, 256, rng=rng, book_px=42)).copy() for _ in range(4)]
    rgb = ((0.62, 0.2, 0.2), (0.2, 0.3, 0.46), (0.3, 0.4, 0.3))[number % 3]
    covers = [printed_front(256, 192, rng=rng, rgb=rgb) for _ in range(2)]
    return textured_box(size_m, _atlas([*covers, *backs]))


def _atlas(cells: list[RGB]) -> RGB:
    """Six pictures, two rows of three; a box's faces are cut from it as they come."""
    rows, columns = cells[0].shape[:2]
    fitted = [cell[:rows, :columns] for cell in cells]
    return np.vstack([np.hstack(fitted[:3]), np.hstack(fitted[3:6])])


ROOMS: dict[str, Furnished] = {
    "kitchen": Furnished(_kitchen_table, _kitchen_floor, _kitchen_wall, _kitchen_thing),
    "study": Furnished(_study_table, _study_floor, _study_wall, _study_thing),
}
