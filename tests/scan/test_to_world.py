"""Poses that came with photos are taken as they are; a board or a statement gives metres."""

import numpy as np
import pytest

from xsim_core.artifacts import Capture, PosedImages
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import inverse_se3, make_se3, so3_exp
from xsim_core.scan import ScanConfig
from xsim_core.scan.sfm import SfmModel, check_known_poses
from xsim_core.scan.to_world import ToWorld, _compared, check_something_tells, to_world
from xsim_core.stage import run_stage
from xsim_core.stages import SCAN

from .captures import commit_capture
from .scenes import photo_set

UNIT_M = 0.25
T_WORLD_GIVEN = make_se3(so3_exp([0.4, -1.1, 0.3]), [0.3, -0.2, 0.5])


def given(T_world_cam):
    """The poses in a frame and unit of their own."""
    T = np.linalg.inv(T_WORLD_GIVEN) @ T_world_cam
    T[..., :3, 3] /= UNIT_M
    return T


def summary(**changes):
    fields = {
        "name": "posed", "object_name": "none", "num_frames": 1, "num_photos": 8, "fps": 30.0,
        "init_frame": 0, "init_box_xyxy": (0, 0, 1, 1), "metres_per_unit": UNIT_M,
        "T_world_poses": tuple(map(tuple, T_WORLD_GIVEN.tolist())),
    }  # fmt: skip
    return Capture(**(fields | changes))


def test_known_poses_are_kept_and_the_board_gives_metres(store):
    taken = photo_set(8)
    capture = commit_capture(
        store, taken.photos, T_given_cam=given(taken.T_world_cam), K=taken.camera.K
    )
    config = ScanConfig(max_num_features=512)
    scan = store.open(run_stage(SCAN, config, store, {"capture": capture.ref}), PosedImages)
    found = scan.array("T_world_cam")
    # As of poses that are solved (test_scan.py): the board's corners are seen to part of a pixel.
    error_mm = 1000 * np.linalg.norm(found[:, :3, 3] - taken.T_world_cam[:, :3, 3], axis=1)
    assert np.median(error_mm) < 3.0
    between = inverse_se3(found[:1]) @ found[1:]
    exact = inverse_se3(taken.T_world_cam[:1]) @ taken.T_world_cam[1:]
    np.testing.assert_allclose(between[:, :3, :3], exact[:, :3, :3], atol=1e-9)
    assert scan.summary.board_rms_mm < 1
    np.testing.assert_allclose(scan.array("K"), taken.camera.K)


def model(T_cam_sfm, points=400):
    return SfmModel(
        np.arange(len(T_cam_sfm)),
        T_cam_sfm,
        np.eye(3),
        0.0,
        np.zeros((points, 3)),
        np.zeros((points, 3), np.uint8),
        0.3,
    )


def test_a_statement_places_them_without_a_board():
    T_world_cam = photo_set(1).T_world_cam
    known = model(inverse_se3(given(T_world_cam)))
    placed = to_world(summary(), known, None, None, ScanConfig())
    np.testing.assert_allclose(placed.cameras(known.T_cam_sfm), T_world_cam, atol=1e-12)
    assert placed.board_rms_mm is None
    assert "no board confirms it" in placed.notes[0]


def test_a_scale_that_the_board_contradicts_is_said_then_refused():
    found = ToWorld(0.25, np.eye(3), np.zeros(3), 0.2)
    assert _compared(found, None) == _compared(found, 0.2515) == found
    assert "2.0% apart" in _compared(found, 0.2551).notes[0]
    with pytest.raises(QualityGateError, match=r"metres_per_unit is 0\.27: 7\.4% apart"):
        _compared(found, 0.27)


def test_without_scale_or_frame_they_are_refused():
    with pytest.raises(BadInputError, match="photos alone give no metres"):
        check_something_tells(summary(metres_per_unit=None, T_world_poses=None))
    with pytest.raises(BadInputError, match="nor T_world_poses tell where"):
        check_something_tells(summary(T_world_poses=None))
    check_something_tells(summary())


def test_poses_of_other_photos_are_refused():
    with pytest.raises(QualityGateError, match=r"only 12 points meet.*photo_poses: solve"):
        check_known_poses(model(np.tile(np.eye(4), (8, 1, 1)), points=12))
