"""What moves is the object: one clear answer is taken and said, everything else asks."""

import numpy as np
import pytest

from tests.capture.find_object.films import NUM, mesh_of, video_of
from tests.film.table_films import arm, moving, resting
from tests.film.test_moved_away import overlap
from xsim_core.capture.find_object.by_motion import object_by_motion
from xsim_core.checks.stillness import Stretch
from xsim_core.errors import BadInputError

SIZE_M, SMALL_M, BIG_M = (0.08, 0.06, 0.05), (0.04, 0.03, 0.03), (0.10, 0.08, 0.06)
BLOCK = moving((0.0, 0.05), (0.05, -0.12), NUM)
TWIN = moving((-0.12, -0.1), (-0.14, 0.02), NUM, first=7, last=12)
SMALL = moving((-0.12, -0.1), (-0.14, 0.02), NUM, first=7, last=12, size_m=SMALL_M)
CLUTTER = [resting(-0.15, 0.15, NUM), resting(-0.2, 0.0, NUM, (0.05, 0.05, 0.12))]
STILL = (Stretch(0, NUM - 1),)
MESH = mesh_of(SIZE_M)


@pytest.mark.parametrize("mesh", [MESH, None], ids=["with its mesh", "without"])
def test_the_one_that_moves_is_taken_and_said_with_its_box(mesh):
    found = object_by_motion(video_of([BLOCK, *CLUTTER]), 0, mesh, STILL)
    assert overlap(np.array(found.box_xyxy), BLOCK.box()) > 0.85
    box = ", ".join(f"{v:.0f}" for v in found.box_xyxy)
    assert "no box was drawn: the object was found in frame 0" in found.note
    assert f"[{box}] in pixels" in found.note


@pytest.mark.parametrize("mesh", [MESH, None], ids=["with its mesh", "without"])
def test_of_two_that_move_none_is_taken_and_both_are_named(mesh):
    with pytest.raises(BadInputError, match="more than one thing moves") as raised:
        object_by_motion(video_of([BLOCK, TWIN, *CLUTTER], first=3), 0, mesh, STILL)
    said = str(raised.value)
    assert "in frame 3" in said
    assert "init_frame: 3" in said
    boxes = [part.split("]")[0].split(",") for part in said.split("[")[1:]]
    for block in (BLOCK, TWIN):
        overlaps = [overlap(np.array(box, float), block.box()) for box in boxes]
        assert max(overlaps) > 0.75


def test_what_is_of_another_size_than_the_mesh_is_left_out_and_said():
    big = moving((0.0, 0.05), (0.05, -0.12), NUM, size_m=BIG_M)
    found = object_by_motion(video_of([big, SMALL, *CLUTTER]), 0, mesh_of(BIG_M), STILL)
    assert overlap(np.array(found.box_xyxy), big.box()) > 0.85
    assert "What moves besides is not of the mesh's size: [" in found.note
    with pytest.raises(BadInputError, match="what moves is not of the mesh's size"):
        object_by_motion(video_of([SMALL, *CLUTTER]), 0, mesh_of(BIG_M), STILL)


def test_without_a_mesh_the_small_one_is_as_good():
    with pytest.raises(BadInputError, match="more than one thing moves"):
        object_by_motion(video_of([BLOCK, SMALL]), 0, None, STILL)


def test_without_a_mesh_what_has_the_colour_of_skin_may_be_a_hand():
    film = video_of([BLOCK, *CLUTTER])
    film.rgb[:] = (205, 150, 125)
    with pytest.raises(BadInputError, match="100 % has the colour of skin"):
        object_by_motion(film, 0, None, STILL)
    assert object_by_motion(film, 0, MESH, STILL).diameter_m > 0.09


def test_what_moves_at_once_is_a_rival_all_the_same():
    early = moving((-0.12, -0.1), (-0.14, 0.02), NUM, first=1, last=9)
    with pytest.raises(BadInputError, match="which does not stand still at that moment"):
        object_by_motion(video_of([BLOCK, early]), 0, MESH, STILL)


def test_nothing_moves_or_a_hand_holds_it_from_the_first_frame_on():
    at_rest = resting(0.0, 0.05, NUM)
    with pytest.raises(BadInputError, match="nothing moves far enough") as raised:
        object_by_motion(video_of([at_rest, *CLUTTER, arm(NUM, (0.0, 0.05))]), 0, MESH, STILL)
    assert "xsim capture annotate FOLDER" in str(raised.value)
    held = video_of([BLOCK, *CLUTTER, arm(NUM, (0.0, 0.05), first=0)])
    with pytest.raises(BadInputError, match="Does a hand hold or touch it from that frame on"):
        object_by_motion(held, 0, MESH, STILL)


def test_a_camera_that_moves_is_said_and_one_that_was_knocked_looked_at_between():
    film = video_of([BLOCK, *CLUTTER])
    with pytest.raises(BadInputError, match="the camera moves there"):
        object_by_motion(film, 0, MESH, ())
    film.depth_mm[20:] = np.roll(film.depth_mm[20:], 12, axis=2)
    found = object_by_motion(film, 0, MESH, (Stretch(0, 19), Stretch(20, NUM - 1)))
    assert overlap(np.array(found.box_xyxy), BLOCK.box()) > 0.85
