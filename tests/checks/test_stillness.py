"""xsim_core/checks/stillness.py: the camera's steps are found, whatever moves before it."""

import numpy as np
import pytest

from tests.checks.pictures import T_WORLD_CAM, photographed, table
from xsim_core.checks.stillness import Stretch, find_stillness
from xsim_core.geometry import make_se3, so3_exp


def knocked(turn_rad=0.0, shift_m=0.0):
    return T_WORLD_CAM @ make_se3(so3_exp([0, turn_rad, 0]), [shift_m, 0, 0])


@pytest.fixture(scope="module")
def views():
    """The table from where the camera stands, and from where it stands after a knock."""
    return photographed(table()), photographed(table(), knocked(0.004, 0.003))


def film(views, is_moved, *, hand=True, seed=0):
    """Frames with fresh noise, before which a large hand passes."""
    rng = np.random.default_rng(seed)
    frames = []
    for i, moved in enumerate(is_moved):
        frame = views[int(moved)] + rng.normal(0, 2, views[0].shape)
        if hand:
            blotches = rng.normal(170, 30, (30, 24, 3)).repeat(10, 0).repeat(10, 1)
            left = 20 + 9 * i
            frame[100:400, left : left + 240] = blotches
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


def test_a_camera_that_stands_still_is_still_whatever_a_hand_does(views):
    found = find_stillness(film(views, [False] * 24))
    assert found.is_still


def test_a_knock_is_found_to_the_frame(views):
    found = find_stillness(film(views, [False] * 13 + [True] * 11))
    assert found.stretches == (Stretch(0, 12), Stretch(13, 23))
    assert not found.is_still
    assert not found.goes_on


def test_frames_while_it_moves_belong_to_no_stretch(views):
    frames = film(views, [False] * 10 + [True] * 10)
    between = [photographed(table(), knocked(0.02 * k, 0.0)) for k in (1, -1)]
    found = find_stillness([*frames[:10], *between, *frames[10:]])
    assert found.stretches == (Stretch(0, 9), Stretch(12, 21))


def test_a_camera_held_in_the_hand_never_stands_still():
    on_table, rng = table(), np.random.default_rng(0)
    poses = [knocked(0.006 * np.sin(0.9 * i), 0.004 * i) for i in range(14)]
    found = find_stillness([photographed(on_table, T, rng=rng) for T in poses])
    assert found.goes_on


def test_without_a_background_nothing_is_claimed():
    grey = np.full((4, 60, 80, 3), 90, np.uint8)
    assert find_stillness(grey).is_still
    assert find_stillness(grey[:1]).is_still
