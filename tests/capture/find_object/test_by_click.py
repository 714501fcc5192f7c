"""A click on the object: grown over what stands there, or the reason why not."""

import numpy as np
import pytest

from tests.capture.find_object.films import NUM, mesh_of, video_of
from tests.film.table_films import CAMERA, arm, resting
from tests.film.test_moved_away import overlap
from xsim_core.capture.find_object.by_click import object_at_click
from xsim_core.errors import BadInputError

SIZE_M = (0.08, 0.06, 0.05)
BLOCK = resting(0.0, 0.05, NUM, SIZE_M)
BESIDE = resting(-0.15, 0.15, NUM)
MIDDLE = tuple(BLOCK.box().reshape(2, 2).mean(0).tolist())


@pytest.fixture(scope="module")
def film():
    return video_of([BLOCK, BESIDE])


@pytest.mark.parametrize("mesh", [mesh_of(SIZE_M), None], ids=["with its mesh", "without"])
@pytest.mark.parametrize("off", [(0, 0), (6, 4)], ids=["in the middle", "beside it"])
def test_the_thing_at_the_click_is_boxed(film, mesh, off):
    click = MIDDLE[0] + off[0], MIDDLE[1] + off[1]
    found = object_at_click(film, 0, click, mesh)
    assert overlap(np.array(found.box_xyxy), BLOCK.box()) > 0.8
    assert f"[{click[0]:g}, {click[1]:g}]" in found.note


def test_what_is_no_thing_is_refused_with_the_reason(film):
    mesh = mesh_of(SIZE_M)
    for click, why in (
        ((CAMERA.width + 1.0, 10.0), "is no pixel of the 320x240 image"),
        ((MIDDLE[0] + 60, MIDDLE[1] + 60), "does not stand out of what it lies on"),
    ):
        with pytest.raises(BadInputError, match=why):
            object_at_click(film, 0, click, mesh)
    film.depth_mm[1] = 0
    with pytest.raises(BadInputError, match="no depth is measured there"):
        object_at_click(film, 1, MIDDLE, mesh)
    with pytest.raises(BadInputError, match=r"of the mesh, 287 mm across, at least .* are seen"):
        object_at_click(film, 0, MIDDLE, mesh_of((0.2, 0.15, 0.14)))


def test_what_an_arm_lies_on_is_not_grown_over_the_arm():
    held = video_of([BLOCK, arm(NUM, (0.0, 0.05), first=0)])
    with pytest.raises(BadInputError, match="draw its box: xsim capture annotate FOLDER"):
        object_at_click(held, 0, MIDDLE, None)
