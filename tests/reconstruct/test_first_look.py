"""What stands in a box, and films in which that cannot be told."""

import re

import numpy as np
import pytest

from tests.reconstruct.films import hand_film
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.errors import BadInputError
from xsim_core.film.frames import Video
from xsim_core.reconstruct.first_look import first_look
from xsim_core.tracking import TrackerConfig


@pytest.fixture(scope="module")
def film():
    return hand_film(5)


def look(film, frame=0, box=None, video=None):
    return first_look(video or film.video, frame, box or film.box, TrackerConfig())


def test_the_object_is_what_stands_there(film):
    found = look(film)
    corners = film.video.camera.project(
        film.mesh.vertices @ film.T_cam_object[0, :3, :3].T + film.T_cam_object[0, :3, 3]
    )
    v, u = np.nonzero(found.is_object)
    assert u.min() >= corners[:, 0].min() - 1
    assert u.max() <= corners[:, 0].max() + 1
    assert np.ptp(v) > 0.8 * np.ptp(corners[:, 1])
    # z is the table's normal, out of it.
    assert found.T_cam_object[:3, 2] @ T_WORLD_CAM[2, :3] > np.cos(np.deg2rad(2))


def refused(film, words, **changes):
    with pytest.raises(BadInputError, match=re.escape(words)) as caught:
        look(film, **changes)
    assert "bring a mesh (`mesh:`)" in str(caught.value)


def test_a_hand_on_the_object_is_refused(film):
    refused(film, "of its outline something is before it", frame=2, box=moved_box(film, 2))


def moved_box(film, frame):
    T = film.T_cam_object[frame]
    pixels = film.video.camera.project(film.mesh.vertices @ T[:3, :3].T + T[:3, 3])
    return (*(pixels.min(0) - 3).tolist(), *(pixels.max(0) + 3).tolist())


def test_an_empty_box_is_refused(film):
    x0, y0, x1, y1 = film.box
    refused(film, "only 0 pixels stand out", box=(x0 + 110, y0 + 60, x1 + 110, y1 + 60))


def test_no_surface_to_stand_on_is_refused(film):
    rng, v = np.random.default_rng(0), film.video
    rough = rng.uniform(600, 1400, v.depth_frames.shape).astype(np.uint16)
    video = Video(v.rgb_frames, rough, v.timestamps_s, v.camera)
    refused(film, "no surface is seen that it stands on", video=video)


def test_the_rest_is_averaged_and_ends_with_the_motion():
    film = hand_film(9, is_pushed=False)
    found = look(film)
    assert 2 <= found.num_resting <= 4
    once = film.video.depth_m(0)[found.is_object]
    both = found.depth_m[found.is_object]
    assert (once != both).mean() > 0.3
