"""render/furniture: textures of the size that is asked for, with detail at every scale."""

import cv2
import numpy as np
import pytest

from xsim_core.render.furniture.cloth import checked_cloth, woven_rug
from xsim_core.render.furniture.fronts import cupboards, plaster, shelves, tiles
from xsim_core.render.furniture.prints import book_backs, poster, printed_front
from xsim_core.render.furniture.wood import wood_texture

RGB = (0.8, 0.6, 0.4)
PALETTE = ((0.6, 0.2, 0.2), (0.9, 0.8, 0.7), (0.2, 0.3, 0.4))
MADE = {
    "wood": lambda rng: wood_texture(0.4, 0.6, 400, rng=rng, rgb=RGB),
    "checked cloth": lambda rng: checked_cloth(0.4, 0.6, 400, rng=rng, rgb=RGB),
    "rug": lambda rng: woven_rug(0.4, 0.6, 400, rng=rng, palette=PALETTE),
    "plaster": lambda rng: plaster(160, 240, rng=rng, rgb=RGB),
    "tiles": lambda rng: tiles(160, 240, rng=rng, rgb=RGB, tile_px=(16, 32)),
    "printed front": lambda rng: printed_front(160, 240, rng=rng, rgb=RGB),
    "books": lambda rng: book_backs(160, 240, rng=rng, book_px=12),
    "poster": lambda rng: poster(160, 240, rng=rng),
    "cupboards": lambda rng: cupboards(plaster(160, 240, rng=rng, rgb=RGB), 160, rng=rng, rgb=RGB),
    "shelves": lambda rng: shelves(plaster(160, 240, rng=rng, rgb=RGB), 160, rng=rng),
}


@pytest.mark.parametrize("name", MADE)
def test_a_texture_has_its_size_and_is_repeated_by_its_seed(name):
    image, same, other = (MADE[name](np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert image.shape == (160, 240, 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, same)
    assert (image != other).mean() > 0.1


@pytest.mark.parametrize("name", [name for name in MADE if name != "plaster"])
def test_structure_from_motion_finds_corners_in_it(name):
    """Painted plaster has next to none, as in a real room."""
    grey = cv2.cvtColor(MADE[name](np.random.default_rng(0)), cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert len(cv2.SIFT_create().detect(large)) > 40


def test_grain_runs_along_the_boards():
    image = wood_texture(0.14, 0.6, 400, rng=np.random.default_rng(0), rgb=RGB)
    grey = image.mean(2)
    assert np.abs(np.diff(grey, axis=0)).mean() > 2 * np.abs(np.diff(grey, axis=1)).mean()
