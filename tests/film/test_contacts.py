"""When something touches the object, from depth beside its track."""

import numpy as np
import pytest

from tests.capture.find_object.films import mesh_of
from tests.film.table_films import CAMERA, T_WORLD_CAM, Block, depth_film, resting
from xsim_core.film.contacts import find_contacts, stretches
from xsim_core.film.frames import Video
from xsim_core.geometry import inverse_se3, make_se3
from xsim_core.tracking import LOST, OK

NUM, FPS, FIRST, LAST = 24, 15, 7, 15
SIZE_M = (0.08, 0.06, 0.05)
BLOCK = resting(0.0, 0.05, NUM, SIZE_M)


def finger(gap_m):
    """A bar that comes down beside the block, touches it from FIRST to LAST, and goes."""
    away = np.full(NUM, 0.25)
    away[FIRST : LAST + 1] = 0.0
    away[[FIRST - 1, LAST + 1]] = 0.05
    at = np.column_stack([np.zeros(NUM), 0.05 - 0.03 - 0.01 - gap_m - away, np.full(NUM, 0.015)])
    return Block(at, (0.02, 0.02, 0.08))


def looked_at(blocks, status=None, segments=()):
    rgb = np.zeros((NUM, CAMERA.height, CAMERA.width, 3), np.uint8)
    video = Video(rgb, depth_film(blocks, NUM), np.arange(NUM) / FPS, CAMERA)
    T = inverse_se3(T_WORLD_CAM) @ make_se3(np.eye(3), [0.0, 0.05, SIZE_M[2] / 2])
    status = np.full(NUM, OK, np.int8) if status is None else status
    motions = np.array(segments, np.int64).reshape(-1, 2)
    return find_contacts(video, mesh_of(SIZE_M), np.tile(T, (NUM, 1, 1)), status, motions)


def test_the_frames_of_a_touch_are_found():
    found = looked_at([BLOCK, finger(0.001), resting(-0.15, 0.15, NUM)])
    ((first, last),) = found.touches
    assert abs(first - FIRST) <= 1
    assert abs(last - LAST) <= 1
    assert np.isnan(found.gap_m[[0, -1]]).all()
    assert (found.gap_m[FIRST : LAST + 1] < 0.012).all()


def test_what_stays_away_or_stands_beside_it_all_along_is_no_touch():
    assert looked_at([BLOCK, finger(0.035)]).touches.shape == (0, 2)
    assert looked_at([BLOCK, resting(0.0, 0.118, NUM, SIZE_M)]).touches.shape == (0, 2)


def test_it_is_touched_for_as_long_as_it_moves():
    blocks = [BLOCK, finger(0.001)]
    assert looked_at(blocks, segments=[[FIRST + 2, LAST + 5]]).touches[0, 1] == LAST + 5
    assert looked_at(blocks, segments=[[0, 3]]).touches[0, 0] >= FIRST - 1


def test_lost_frames_tell_nothing():
    found = looked_at([BLOCK, finger(0.001)], np.full(NUM, LOST, np.int8))
    assert np.isnan(found.gap_m).all()
    assert len(found.touches) == 0


def test_short_pauses_belong_to_a_touch_and_blips_are_none():
    flags = np.zeros(40, bool)
    flags[[3, *range(10, 15), *range(17, 22), *range(30, 36)]] = True
    assert stretches(flags, np.arange(40) / 15).tolist() == [[10, 21], [30, 35]]
    assert stretches(np.zeros(4, bool), np.arange(4) / 15).shape == (0, 2)


@pytest.mark.parametrize("num", [1, 2])
def test_a_film_of_few_frames_has_no_room(num):
    rgb = np.zeros((num, CAMERA.height, CAMERA.width, 3), np.uint8)
    video = Video(rgb, depth_film([BLOCK], num), np.arange(num) / FPS, CAMERA)
    T = np.tile(inverse_se3(T_WORLD_CAM), (num, 1, 1))
    still = np.zeros((0, 2), np.int64)
    found = find_contacts(video, mesh_of(SIZE_M), T, np.full(num, OK, np.int8), still)
    assert len(found.touches) == 0
