"""A click on an object under a hand: the mesh is fitted there, or it is asked."""

import dataclasses

import numpy as np
import pytest

from tests.capture.find_object.films import NUM, mesh_of, video_of
from tests.film.table_films import resting
from tests.film.test_moved_away import overlap
from tests.pose_track.films import small_film
from xsim_core.capture.find_object.by_click import object_at_click
from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError

TOUCHED = 5
"""A frame in which the hand is before the block."""


@pytest.fixture(scope="module")
def filmed():
    """Of the block: its video, mesh, and true box in ``TOUCHED``."""
    film = small_film(14)
    video = RGBDVideo(film.rgb, film.depth_mm, film.timestamps_s, film.K)
    T, vertices = film.T_cam_object[TOUCHED], film.mesh.vertices
    pixels = film.camera.project(vertices @ T[:3, :3].T + T[:3, 3])
    return video, film.mesh, np.array([*pixels.min(0), *pixels.max(0)])


def middle(box):
    return tuple(np.asarray(box).reshape(2, 2).mean(0).tolist())


def test_what_a_hand_hides_partly_is_found_by_its_mesh(filmed):
    video, mesh, true = filmed
    with pytest.raises(BadInputError, match="has something before it"):
        object_at_click(video, TOUCHED, middle(true), None)
    found = object_at_click(video, TOUCHED, middle(true), mesh)
    assert overlap(np.array(found.box_xyxy), true) > 0.85
    assert "where its mesh fits at the click" in found.note
    assert "has something before it" in found.note


def test_what_does_not_fit_under_the_click_is_asked_for_with_both_reasons(filmed):
    video, mesh, true = filmed
    larger = dataclasses.replace(mesh, vertices=(1.4 * mesh.vertices).astype(np.float32))
    beside = true[2] + 25, middle(true)[1]
    for click, given in ((middle(true), larger), (beside, mesh)):
        with pytest.raises(BadInputError, match=r"click .* Nor does the mesh fit there for sure: "):
            object_at_click(video, TOUCHED, click, given)


def test_what_is_grown_over_a_neighbour_is_not_taken():
    """Both together are 17 % larger than the mesh, which noise and blur could make of it alone."""
    size_m = 0.08, 0.06, 0.05
    block, at_it = resting(0.0, 0.05, NUM, size_m), resting(0.06, 0.05, NUM, (0.04, 0.04, 0.04))
    video, click, mesh = video_of([block, at_it]), middle(block.box()), mesh_of(size_m)
    both = object_at_click(video, 0, click, None)
    assert overlap(np.array(both.box_xyxy), block.box()) < 0.75
    assert both.diameter_m > mesh.diameter_m
    found = object_at_click(video, 0, click, mesh)
    assert overlap(np.array(found.box_xyxy), block.box()) > 0.85
    assert "something is held or lies at it" in found.note
