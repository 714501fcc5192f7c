"""What init proposes where the film alone says where the object is."""

import numpy as np

from tests.capture.find_object.films import NUM, mesh_of, video_of
from tests.film.table_films import moving, resting
from tests.film.test_moved_away import overlap
from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.recognise.by_motion import box_by_motion
from xsim_core.capture.recognise.films import ReadFilm

BLOCK = moving((0.0, 0.05), (0.05, -0.12), NUM)


def read(blocks, tmp_path):
    return ReadFilm(tmp_path, video_of(blocks, first=2), DepthUnit(0.001, "as stated"))


def test_the_box_is_a_guess_that_ingest_makes_too(tmp_path):
    box, why = box_by_motion(read([BLOCK], tmp_path), mesh_of((0.08, 0.06, 0.05)))
    assert why == ""
    assert (box.frame, box.is_guess, box.is_found) == (2, True, True)
    assert overlap(np.array(box.box_xyxy), BLOCK.box()) > 0.85


def test_why_there_is_none_is_kept(tmp_path):
    box, why = box_by_motion(read([resting(0.0, 0.05, NUM)], tmp_path), None)
    assert box is None
    assert "nothing moves far enough" in why
