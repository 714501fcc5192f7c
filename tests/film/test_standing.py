"""What stands out of the table at some pixels of one depth image."""

import numpy as np
import pytest

from tests.film.table_films import CAMERA, Block, arm, depth_film, resting
from tests.film.test_moved_away import overlap
from xsim_core.film.standing import SetAside, Standing, box_of, standing_at

BLOCK, BEHIND = resting(0.0, 0.05, 1), resting(-0.11, 0.05, 1, (0.05, 0.05, 0.12))


def at_middle(blocks, **settings):
    depth_m = depth_film(blocks, 1)[0].astype(np.float32) / 1000
    u, v = (round(float(x)) for x in BLOCK.box().reshape(2, 2).mean(0))
    seeds = np.zeros(depth_m.shape, bool)
    seeds[v - 2 : v + 3, u - 2 : u + 3] = True
    left, top, right, bottom = BLOCK.box()
    return standing_at(seeds, depth_m, CAMERA, around=(left, top, right, bottom), **settings)


def test_it_is_cut_from_what_stands_behind_it_in_the_picture():
    found = at_middle([BLOCK, BEHIND])
    assert isinstance(found, Standing)
    assert overlap(np.array(found.box_xyxy), BLOCK.box()) > 0.85
    assert found.diameter_m == pytest.approx(np.linalg.norm(BLOCK.size_m), rel=0.2)
    assert found.box_xyxy == box_of(found.mask)


def test_what_is_none_is_set_aside_with_the_reason():
    flat = Block(BLOCK.at_m, (0.08, 0.06, 0.001))
    before = resting(0.10, 0.09, 1, (0.05, 0.05, 0.07))
    for blocks, why in (
        ([flat], "does not stand out of what it lies on"),
        ([BLOCK, before], "has something before it along"),
        ([BLOCK, arm(1, (0.0, 0.05), first=0)], ""),
    ):
        found = at_middle(blocks)
        assert isinstance(found, SetAside)
        assert why in found.why
    assert at_middle([BLOCK], max_size_m=0.05).why.endswith("m across")
