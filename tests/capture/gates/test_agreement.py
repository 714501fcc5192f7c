"""xsim_core/capture/gates/agreement.py: parts that contradict each other are refused."""

from dataclasses import replace

import numpy as np
import pytest

from tests.checks.pictures import BOARD, CAMERA, T_WORLD_CAM, depth_mm_of_table, photographed, table
from tests.tracking.scenes import l_block
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.gates.agreement import agreed_parts, check_object
from xsim_core.capture.gates.gate import Gates
from xsim_core.capture.readers.apart import Brought
from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.checks.board_seen import look_for_board
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3


def printed_at(share):
    """The board as somebody describes it whose printer scaled the page."""
    return BOARD.model_copy(
        update={"square_m": BOARD.square_m / share, "marker_m": BOARD.marker_m / share}
    )


@pytest.fixture(scope="module")
def brought():
    """Four frames and four photos of a board on a table, depth with a sensor's noise."""
    rng = np.random.default_rng(0)
    rgb = np.stack([photographed(table(), rng=rng) for _ in range(4)])
    depth_mm = np.stack([depth_mm_of_table()] * 4)
    depth_mm = np.where(depth_mm > 0, depth_mm + rng.normal(0, 2, depth_mm.shape), 0)
    video = RGBDVideo(rgb, depth_mm.round().astype(np.uint16), np.arange(4) / 15, CAMERA.K)
    return Brought(l_block(), rgb, video, DepthUnit(1e-3, "recorded"), [])


def test_parts_that_agree_are_taken_as_they_are(brought):
    video = agreed_parts(brought, BOARD, notes := []).video
    assert notes == []
    assert video.depth_mm is brought.video.depth_mm


@pytest.mark.parametrize("share", [0.94, 1.05])
def test_a_board_printed_at_another_size_is_refused_with_the_factor(brought, share):
    """Nothing else had noticed: the camera, and all that it sees, stood centimetres off."""
    stated = printed_at(share)
    seen = look_for_board(brought.video.rgb, stated, camera=CAMERA, enough=1).found[0]
    T_world_cam = np.array(stated.T_world_board) @ np.linalg.inv(seen.T_cam_board)
    off_mm = 1000 * np.linalg.norm((T_world_cam - T_WORLD_CAM)[:3, 3])
    distance_mm = 1000 * np.linalg.norm(np.linalg.inv(seen.T_cam_board)[:3, 3]) * share
    assert off_mm == pytest.approx(distance_mm * abs(1 / share - 1), rel=0.1)
    assert off_mm > 25
    assert seen.rms_px < 0.3
    told = rf"the board is {share}\d* times .* measure 4[45]\.\d mm"
    with pytest.raises(BadInputError, match=told):
        agreed_parts(brought, stated, [])


def test_a_board_two_per_cent_off_is_said(brought):
    agreed_parts(brought, printed_at(0.98), notes := [])
    assert len(notes) == 1
    assert notes[0].startswith("depth is -2.")


def test_a_focal_length_of_another_camera_is_refused(brought):
    K = CAMERA.K.copy()
    K[0, 0] = K[1, 1] = 640.0
    video = replace(brought.video, K=K)
    with pytest.raises(BadInputError, match="compare the intrinsics with the camera's"):
        agreed_parts(replace(brought, video=video), BOARD, [])


def test_photos_or_a_film_without_the_board_are_refused(brought):
    bare = np.stack([photographed(table(None))] * 3)
    with pytest.raises(BadInputError, match="none of 3 photos shows the 6x4"):
        agreed_parts(replace(brought, photos=bare), BOARD, [])
    film = replace(brought.video, rgb=bare, depth_mm=brought.video.depth_mm[:3])
    with pytest.raises(BadInputError, match="none of 3 video frames shows the 6x4"):
        agreed_parts(replace(brought, video=film), BOARD, [])
    mixed = np.stack([*bare, brought.photos[0]])
    agreed_parts(replace(brought, photos=mixed), BOARD, notes := [])
    assert notes == ["only 1 of 4 photos show the board; scan needs 3 of those that it registers"]


def in_time(brought, rgb, depth_mm=None):
    """The same capture with another film."""
    n = len(rgb)
    depth_mm = np.stack([depth_mm_of_table()] * n) if depth_mm is None else depth_mm
    video = replace(brought.video, rgb=rgb, depth_mm=depth_mm, timestamps_s=np.arange(n) / 10)
    return replace(brought, video=video)


def test_a_knocked_camera_is_said_and_one_in_the_hand_followed(brought):
    on_table, rng = table(), np.random.default_rng(0)
    places = [T_WORLD_CAM @ make_se3(np.eye(3), [0.003 * k, 0, 0]) for k in range(9)]
    seen = [photographed(on_table, T, rng=rng) for T in places]
    knocked = in_time(brought, np.stack([seen[0]] * 5 + [seen[3]] * 5))
    agreed = agreed_parts(knocked, BOARD, notes := [])
    assert not agreed.is_camera_moving
    assert len(notes) == 1
    assert notes[0].startswith("video: the camera was moved at 0.50 s; pose_track takes")
    gates = Gates()
    in_hand = agreed_parts(in_time(brought, np.stack(seen)), BOARD, [], gates=gates)
    assert in_hand.is_camera_moving
    told = {result.gate: result.found for result in gates.results}
    assert told["camera and board stand still"].startswith("the camera moves through the film")


def test_depth_that_lags_three_frames_is_paired_anew(brought):
    """Each colour image had been taken with the depth of three frames before."""
    rng, n = np.random.default_rng(0), 26
    frames = np.stack([brought.video.rgb[0]] * n), np.stack([brought.video.depth_mm[0]] * n)
    rgb, depth_mm = (a.copy() for a in frames)
    rgb = np.clip(rgb + rng.normal(0, 2, rgb.shape[1:]), 0, 255).astype(np.uint8)
    for i in range(n):
        at = slice(40, 130), slice(30 + 18 * i, 130 + 18 * i)
        rgb[(i, *at)], depth_mm[(i, *at)] = (200, 150, 120), 600
    numbered = in_time(brought, rgb[3:], depth_mm[:-3])
    video = agreed_parts(numbered, BOARD, notes := []).video
    assert len(notes) == 1
    assert "later than colour, by what moves: paired anew, 3 frames dropped" in notes[0]
    assert len(video.rgb) == len(video.depth_mm) == len(video.timestamps_s) == n - 6
    np.testing.assert_array_equal(video.source_frames, np.arange(n - 6))
    np.testing.assert_array_equal(video.depth_mm, depth_mm[3:-3])
    agreed_parts(in_time(brought, rgb, depth_mm), BOARD, none := [])
    assert none == []


def test_a_mesh_that_cannot_be_what_the_box_shows_is_refused(brought):
    check_object(brought.mesh, brought.video, 0, (300, 200, 380, 260), "block")
    with pytest.raises(BadInputError, match=r"measures 0\.1.* spans 0\.0"):
        check_object(brought.mesh, brought.video, 0, (300, 200, 312, 208), "block")
