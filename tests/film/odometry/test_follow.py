"""xsim_core/film/odometry: a moving camera is followed by the room, whatever moves in it."""

import numpy as np

from xsim_core.film.odometry import follow_room
from xsim_core.geometry import inverse_se3, rotation_angle

from .films import NUM_FRAMES, film, path, video_of, with_a_hand


def off(found, first):
    """Millimetres and degrees (t,) from where the camera truly was."""
    true = inverse_se3(path()[first]) @ path()
    mm = 1000 * np.linalg.norm((found.T_room_cam - true)[:, :3, 3], axis=-1)
    return mm, np.rad2deg(rotation_angle(found.T_room_cam[:, :3, :3], true[:, :3, :3]))


def test_a_camera_in_the_hand_is_followed():
    found = follow_room(video_of(*film()), 4)
    assert found.has_pose.all()
    assert 1 < len(found.keyframes) < NUM_FRAMES
    mm, degrees = off(found, 4)
    assert mm.max() < 2.5
    assert degrees.max() < 0.15
    assert np.nanmax(found.rms_px) < 1


def test_what_moves_by_itself_is_left_out():
    """A hand with a third of all corners crosses the picture."""
    found = follow_room(video_of(*with_a_hand(*film())), 0)
    assert found.has_pose.all()
    mm, degrees = off(found, 0)
    assert mm.max() < 4
    assert degrees.max() < 0.25


def test_frames_that_show_nothing_have_no_pose_and_the_camera_is_found_again():
    rgb, depth_mm = film()
    rgb[3:5] = 90
    found = follow_room(video_of(rgb, depth_mm), 0)
    assert found.has_pose.tolist() == [i not in (3, 4) for i in range(NUM_FRAMES)]
    mm, _ = off(found, 0)
    assert mm[found.has_pose].max() < 3.5


def test_a_first_frame_without_corners_or_depth_tells_nothing():
    rgb, depth_mm = film()
    blank, flat = rgb.copy(), depth_mm.copy()
    blank[0], flat[0] = 90, 0
    assert follow_room(video_of(blank, depth_mm), 0) is None
    assert follow_room(video_of(rgb, flat), 0) is None
