"""xsim_core/film/camera_path.py: what is filmed after a knock is told from the new place."""

import numpy as np
import pytest

from tests.checks.pictures import BOARD, CAMERA, T_WORLD_CAM, photographed, table
from xsim_core.artifacts import Capture
from xsim_core.errors import QualityGateError
from xsim_core.film.camera_path import follow_camera
from xsim_core.film.frames import CameraMotion, Video
from xsim_core.film.world_frame import locate_camera
from xsim_core.geometry import inverse_se3, make_se3, so3_exp
from xsim_core.pose_track import PoseTrackConfig

KNOCK = make_se3(so3_exp([0.0, 0.009, 0.0]), [0.006, 0.0, 0.0])
SUMMARY = Capture(
    name="table",
    object_name="block",
    num_frames=9,
    num_photos=0,
    fps=10.0,
    board=BOARD,
    init_frame=0,
    init_box_xyxy=(0, 0, 9, 9),
)
T_WORLD_OBJECT = make_se3(so3_exp([0, 0, 0.4]), [0.45, -0.15, 0.02])


def filmed(poses, *, sheets=None):
    rng = np.random.default_rng(0)
    sheets = sheets or [table()] * len(poses)
    rgb = np.stack([photographed(t, T, rng=rng) for t, T in zip(sheets, poses, strict=True)])
    return Video(rgb, np.zeros(rgb.shape[:3], np.uint16), np.arange(len(rgb)) / 10.0, CAMERA)


def off_mm(T_world_cam, poses):
    """How far the object lies from where it truly is, by frame."""
    found = T_world_cam @ inverse_se3(np.stack(poses)) @ T_WORLD_OBJECT
    return 1000 * np.linalg.norm((found - T_WORLD_OBJECT)[:, :3, 3], axis=-1)


def test_after_a_knock_the_object_is_where_it_is():
    poses = [T_WORLD_CAM] * 6 + [T_WORLD_CAM @ KNOCK] * 3
    video = filmed(poses)
    # One place for all frames, where the board's median had put it: no gate saw the rest.
    before = locate_camera(video, BOARD, PoseTrackConfig(), span=(0, 5)).T_world_cam
    assert off_mm(before, poses)[6:].min() > 10
    path = follow_camera(video, SUMMARY, PoseTrackConfig())
    T_cam_object = inverse_se3(np.stack(poses)) @ T_WORLD_OBJECT
    T_main_object = path.to_main(T_cam_object)
    found = path.world.T_world_cam @ T_main_object
    assert 1000 * np.linalg.norm((found - T_WORLD_OBJECT)[:, :3, 3], axis=-1).max() < 4
    np.testing.assert_allclose(path.from_main(T_main_object), T_cam_object, atol=1e-9)
    assert not path.is_unplaced.any()
    (told,) = path.notes(video.timestamps_s)
    assert "the camera was moved by" in told
    assert "0.5 degrees at 0.60 s" in told


def test_a_camera_that_stands_still_has_one_place():
    video = filmed([T_WORLD_CAM] * 4)
    path = follow_camera(video, SUMMARY, PoseTrackConfig())
    assert path.T_main_cam is None
    assert path.notes(video.timestamps_s) == ()
    assert not path.is_unplaced.any()
    poses = np.tile(np.eye(4), (4, 1, 1))
    assert path.to_main(poses) is poses
    assert path.from_main(poses) is poses


def test_places_that_nothing_tells_are_refused():
    poses = [T_WORLD_CAM] * 4 + [T_WORLD_CAM @ KNOCK] * 4
    hidden = filmed(poses, sheets=[table()] * 4 + [table(None)] * 4)
    with pytest.raises(QualityGateError, match=r"the camera was moved, and from .* not found in"):
        follow_camera(hidden, SUMMARY, PoseTrackConfig())
    stated = SUMMARY.model_copy(update={"board": None, "T_world_cam": tuple(map(tuple, np.eye(4)))})
    with pytest.raises(QualityGateError, match="there is no board that tells where to"):
        follow_camera(hidden, stated, PoseTrackConfig())
    swaying = [T_WORLD_CAM @ make_se3(np.eye(3), [0.004 * k, 0, 0]) for k in range(8)]
    with pytest.raises(QualityGateError, match="the camera moves through the film"):
        follow_camera(filmed(swaying), SUMMARY, PoseTrackConfig())


def test_an_object_at_rest_before_a_moving_camera_is_at_rest():
    """What was found of the camera when the capture was taken in counts; nothing is looked for."""
    poses = np.stack([T_WORLD_CAM @ make_se3(np.eye(3), [0.02 * k, 0, 0]) for k in range(4)])
    known = np.array([True, True, False, True])
    rgb = np.zeros((4, 4, 4, 3), np.uint8)
    motion = CameraMotion(poses, known)
    video = Video(rgb, np.zeros((4, 4, 4), np.uint16), np.arange(4) / 10.0, CAMERA, motion)
    path = follow_camera(video, SUMMARY.model_copy(update={"init_frame": 1}), PoseTrackConfig())
    assert path.goes_on
    assert path.is_unplaced.tolist() == [False, False, True, False]
    np.testing.assert_allclose(path.world.T_world_cam, poses[1])
    T_cam_object = inverse_se3(poses) @ T_WORLD_OBJECT
    T_world_object = path.world.T_world_cam @ path.to_main(T_cam_object)
    np.testing.assert_allclose(T_world_object, np.tile(T_WORLD_OBJECT, (4, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(path.from_main(path.to_main(T_cam_object)), T_cam_object, atol=1e-9)
    assert path.notes(video.timestamps_s) == ()


def test_a_board_that_is_pushed_is_refused():
    lying, bare = table(), table(None)
    pushed, at = bare.copy(), np.argwhere((lying != bare).any(axis=-1))
    (top, left), (bottom, right) = at.min(0), at.max(0) + 1
    pushed[top:bottom, left + 9 : right + 9] = lying[top:bottom, left:right]
    video = filmed([T_WORLD_CAM] * 6, sheets=[lying] * 3 + [pushed] * 3)
    with pytest.raises(QualityGateError, match=r"the board lies elsewhere from 0\.30 s on"):
        follow_camera(video, SUMMARY, PoseTrackConfig())
