"""xsim_core/capture/place/moving/camera_motion.py: where a camera in the hand was, in the world."""

import numpy as np
import pytest

from tests.checks.pictures import BOARD
from tests.film.odometry.films import CAMERA, NUM_FRAMES, film, path
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.moving.camera_motion import PathOfFile, camera_motion
from xsim_core.capture.place.moving.file_world import UPRIGHT
from xsim_core.capture.place.moving.given_path import AboutPath, GivenPath
from xsim_core.capture.place.spec import CameraPathSpec
from xsim_core.capture.place.support_plane import support_plane
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, rotation_angle, transform_points

MIDDLE = np.array([[0.55, 0.0, 0.0]])
"""Of the world: what the camera looks at."""


def recorded(rgb, depth_mm):
    return RGBDVideo(rgb, depth_mm, np.arange(len(rgb)) / 10, CAMERA.K)


def off(motion):
    """Millimetres by which what is looked at is misplaced, and degrees, by frame."""
    T = motion.T_world_cam @ np.linalg.inv(path())
    mm = 1000 * np.linalg.norm(transform_points(T, MIDDLE) - MIDDLE, axis=-1)[:, 0]
    return mm, np.rad2deg(rotation_angle(T[:, :3, :3], np.eye(3)))


def test_the_board_tells_the_world_and_the_room_the_path():
    notes = []
    motion = camera_motion(BOARD, None, recorded(*film()), 2, notes)
    mm, degrees = off(motion)
    assert motion.has_pose.all()
    assert mm.max() < 3
    assert degrees.max() < 0.4
    assert notes[0].startswith("camera: the board lies 0.")
    assert "by the room's own corners (" in notes[1]
    path_m = np.linalg.norm(np.diff(path()[:, :3, 3], axis=0), axis=1).sum()
    assert f"({path_m:.2f} m in all)" in notes[1]


def test_a_pose_stated_for_the_box_s_frame_is_carried_through_the_film():
    motion = camera_motion(None, path()[2], recorded(*film(show_board=False)), 2, notes := [])
    mm, degrees = off(motion)
    np.testing.assert_allclose(motion.T_world_cam[2], path()[2], atol=1e-9)
    assert mm.max() < 3
    assert degrees.max() < 0.3
    assert len(notes) == 1


def test_sources_that_contradict_each_other_are_refused_with_figures():
    elsewhere = make_se3(np.eye(3), [0.0, 0.08, 0.0]) @ path()[0]
    with pytest.raises(BadInputError, match=r"what it looks at is (7[89]|8[012]) mm apart"):
        camera_motion(BOARD, elsewhere, recorded(*film()), 0, [])
    near = make_se3(np.eye(3), [0.0, 0.02, 0.0]) @ path()[0]
    motion = camera_motion(BOARD, near, recorded(*film()), 0, notes := [])
    assert any("mm apart; the board is taken" in note for note in notes)
    assert off(motion)[0].max() < 3


def test_frames_that_tell_nothing_are_marked_and_said():
    rgb, depth_mm = film(show_board=False)
    rgb[3:5] = 90
    motion = camera_motion(None, path()[0], recorded(rgb, depth_mm), 0, notes := [])
    assert motion.has_pose.tolist() == [i not in (3, 4) for i in range(NUM_FRAMES)]
    assert "not known in 2 of 6 frames (0.30–0.40 s): what they show is not believed" in notes[-1]
    np.testing.assert_array_equal(motion.T_world_cam[3], motion.T_world_cam[2])


def test_a_film_that_tells_too_little_is_refused():
    rgb, depth_mm = film(show_board=False)
    rgb[2:] = 90
    with pytest.raises(BadInputError, match="too few corners with depth in frame 0"):
        camera_motion(None, path()[0], recorded(rgb, depth_mm), 0, [])


def test_where_the_room_tells_nothing_the_board_alone_does():
    large = CAMERA.resized(640, 480)
    rgb, depth_mm = film(camera=large)
    depth_mm[0] = 0  # No corner of the frame with the box has a place in space.
    video = RGBDVideo(rgb, depth_mm, np.arange(len(rgb)) / 10, large.K)
    motion = camera_motion(BOARD, None, video, 0, notes := [])
    assert motion.has_pose.all()
    assert off(motion)[0].max() < 8
    assert "followed by the board alone" in notes[-1]


def test_a_path_that_came_with_the_film_is_the_world_s_if_that_is_said():
    """ARKit's: y is up, the camera's axes are OpenGL's; the last frame has no pose there."""
    y_up = make_se3(UPRIGHT["y"].T, np.zeros(3))
    T = (y_up @ path() @ make_se3(np.diag([1.0, -1, -1]), np.zeros(3)))[:4]
    about = AboutPath(name="film.r3d", form="the phone's own path", axes="opengl", unit_m=1.0)
    given = GivenPath(T, np.array([True, True, True, False]), about)
    rgb, depth_mm = (a[:4] for a in film(show_board=False))
    video = recorded(rgb, depth_mm)
    plane = support_plane(depth_mm[2] / 1000, video.camera, (140, 100, 180, 140))
    spec = CameraPathSpec(file="film.r3d")
    of_file = PathOfFile(given, spec, is_world=True, plane=plane)
    motion = camera_motion(None, None, video, 2, notes := [], of_file)
    assert motion.has_pose.all()
    np.testing.assert_allclose(motion.T_world_cam[:3], path()[:3], atol=1e-9)
    assert np.linalg.norm((motion.T_world_cam[3] - path()[3])[:3, 3]) < 0.004
    assert any("where it has none, 1 poses are the room's" in n for n in notes)
    assert any("the table is at +0.00 m; the file's y is up and was made z" in n for n in notes)
    assert "followed by film.r3d, which the room confirms" in notes[-1]
