"""What is there at first and gone later, from depth alone."""

import numpy as np
import pytest

from tests.film.table_films import CAMERA, arm, depth_film, moving, resting
from xsim_core.film.moved_away import MIN_STAYS, moved_away

NUM = 30
TIMES_S = np.arange(NUM) / 15
START, END = (0.0, 0.05), (0.05, -0.12)
CLUTTER = [resting(-0.15, 0.15, NUM), resting(-0.2, 0.0, NUM, (0.05, 0.05, 0.12))]


def overlap(a, b):
    """Intersection over union of two boxes."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.clip(high - low, 0, None).prod()
    return shared / (sum(np.prod(np.subtract(c[2:], c[:2])) for c in (a, b)) - shared)


def found(blocks, frame=0, **noise):
    return moved_away(depth_film(blocks, NUM, **noise), TIMES_S, frame, CAMERA)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_the_arm_moves_is_found_and_what_stands_beside_is_not(seed):
    block = moving(START, END, NUM)
    moved = found([block, *CLUTTER, arm(NUM, START)], seed=seed)
    (thing,) = moved.things
    assert overlap(np.array(thing.box_xyxy), block.box()) > 0.85
    assert 0.08 < thing.diameter_m < 0.12
    assert moved.stays > 0.9


def test_nothing_moves():
    moved = found([resting(*START, NUM), *CLUTTER, arm(NUM, START)])
    assert moved.things == ()
    assert moved.set_aside == ()


def test_a_move_by_less_than_its_own_length_gives_the_whole_thing():
    block = moving(START, (0.0, 0.015), NUM, size_m=(0.08, 0.08, 0.05))
    (thing,) = found([block, *CLUTTER]).things or (None,)
    assert overlap(np.array(thing.box_xyxy), block.box()) > 0.85


def test_two_things_that_move_are_both_told_whichever_is_larger():
    block = moving(START, END, NUM)
    other = moving((-0.12, -0.1), (-0.15, 0.0), NUM, first=7, last=12, size_m=(0.05, 0.05, 0.04))
    things = found([block, other, *CLUTTER]).things
    assert [
        overlap(np.array(t.box_xyxy), b.box()) > 0.85
        for t, b in zip(things, (block, other), strict=True)
    ]
    assert things[0].diameter_m > things[1].diameter_m


def test_what_is_held_from_the_first_frame_on_is_set_aside_with_the_arm():
    block, held = moving(START, END, NUM), arm(NUM, START, first=0)
    moved = found([block, *CLUTTER, held])
    assert moved.things == ()
    assert any("goes on beyond the picture's edge" in aside.why for aside in moved.set_aside)
    assert all(aside.is_arm for aside in moved.set_aside)


def test_what_moves_from_the_first_frame_on_is_told_as_a_rival():
    early = moving((-0.12, -0.1), (-0.15, 0.0), NUM, first=1, last=9, size_m=(0.05, 0.05, 0.04))
    moved = found([moving(START, END, NUM), early, *CLUTTER])
    assert len(moved.things) == 1
    (aside,) = moved.set_aside
    assert aside.why == "does not stand still at that moment"
    assert not aside.is_arm
    assert 0.03 < aside.diameter_m < 0.09


def test_without_any_depth_nothing_is_found():
    empty = np.zeros((NUM, CAMERA.height, CAMERA.width), np.uint16)
    assert moved_away(empty, TIMES_S, 0, CAMERA).things == ()
    film = depth_film([moving(START, END, NUM)], NUM)
    assert moved_away(film[:1], TIMES_S[:1], 0, CAMERA).things == ()


def test_a_thing_put_back_was_away():
    at = moving(START, END, NUM).at_m
    there_and_back = np.concatenate([at[: NUM // 2 + 5], np.tile(at[0], (NUM // 2 - 5, 1))])
    block = moving(START, END, NUM)
    (thing,) = found([type(block)(there_and_back, block.size_m), *CLUTTER]).things
    assert overlap(np.array(thing.box_xyxy), block.box()) > 0.85


def test_the_last_frame_serves_as_well():
    block = moving(START, END, NUM)
    (thing,) = found([block, *CLUTTER], frame=NUM - 4).things
    assert overlap(np.array(thing.box_xyxy), block.box(-1)) > 0.85


def test_a_camera_that_moves_is_not_looked_through():
    film = depth_film([moving(START, END, NUM)], NUM)
    shaken = np.stack([np.roll(frame, 3 * t, axis=0) for t, frame in enumerate(film)])
    moved = moved_away(shaken, TIMES_S, 0, CAMERA)
    assert moved.stays < MIN_STAYS
    assert moved.things == ()


def test_a_large_image_is_thinned_and_its_box_is_in_its_own_pixels():
    block = moving(START, END, NUM)
    film = depth_film([block], NUM).repeat(4, axis=1).repeat(4, axis=2)
    (thing,) = moved_away(film, TIMES_S, 0, CAMERA.resized(1280, 960)).things
    assert overlap(np.array(thing.box_xyxy) / 4, block.box()) > 0.85


def test_frames_are_read_one_by_one_and_not_all_of_a_long_film():
    film, read = depth_film([moving(START, END, NUM)], NUM), []

    class Long:
        def __len__(self):
            return 3000

        def __getitem__(self, i):
            read.append(i)
            return film[min(i // 100, NUM - 1)]

    assert len(moved_away(Long(), np.arange(3000) / 30, 0, CAMERA).things) == 1
    assert len(read) < 80
