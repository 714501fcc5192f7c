"""xsim_core/geometry/board.py: the board is rendered by homography and found again."""

import cv2
import numpy as np
import pytest

from xsim_core.geometry import (
    BoardSpec,
    PinholeCamera,
    board_fault,
    detect_board,
    inverse_se3,
    look_at,
    make_se3,
    rotation_angle,
)
from xsim_core.geometry.board import reprojection_rms_px

BOARD = BoardSpec(T_world_board=tuple(map(tuple, np.eye(4).tolist())))
CAMERA = PinholeCamera.from_fov(640, 480, 0.8)


def photograph(T_cam_board, board=BOARD, px=64, image=None):
    """The printed board seen from T_cam_board, on grey."""
    print_px = board.to_image(px) if image is None else image
    h, w = print_px.shape
    width, height = board.size_m
    # Print pixels (x right, y down the page) to board metres (x right, y up the page).
    A = np.array(
        [[width / w, 0, 0.5 * width / w], [0, -height / h, height - 0.5 * height / h], [0, 0, 1]]
    )
    fine = CAMERA.resized(4 * CAMERA.width, 4 * CAMERA.height)
    H = fine.K @ np.column_stack([T_cam_board[:3, :2], T_cam_board[:3, 3]]) @ A
    image = cv2.warpPerspective(
        print_px, H, (fine.width, fine.height), borderMode=cv2.BORDER_CONSTANT, borderValue=200
    )
    image = cv2.resize(image, (CAMERA.width, CAMERA.height), interpolation=cv2.INTER_AREA)
    return np.repeat(image[..., None], 3, axis=-1)


@pytest.mark.parametrize("eye", [(0.12, -0.25, 0.5), (0.4, 0.3, 0.45), (-0.1, 0.2, 0.5)])
def test_the_board_is_found_where_it_is(eye):
    T_board_cam = look_at(eye, (0.12, 0.08, 0.0))
    found = detect_board(photograph(inverse_se3(T_board_cam)), BOARD, camera=CAMERA)
    assert found is not None
    assert found.T_cam_board is not None
    assert len(found.ids) == 15
    T = inverse_se3(found.T_cam_board)
    assert np.linalg.norm(T[:3, 3] - T_board_cam[:3, 3]) < 1e-3
    assert np.degrees(rotation_angle(T[:3, :3], T_board_cam[:3, :3])) < 0.2
    assert found.rms_px < 0.1


def test_z_points_out_of_the_paper():
    T_board_cam = look_at((0.12, -0.3, 0.5), (0.12, 0.08, 0.0))
    found = detect_board(photograph(inverse_se3(T_board_cam)), BOARD, camera=CAMERA)
    assert inverse_se3(found.T_cam_board)[2, 3] > 0


def test_an_image_without_a_board_gives_none():
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert detect_board(noise, BOARD, camera=CAMERA) is None


def test_a_board_too_far_away_gives_none_or_few():
    T_board_cam = look_at((0.12, -3.0, 4.0), (0.12, 0.08, 0.0))
    found = detect_board(photograph(inverse_se3(T_board_cam)), BOARD, camera=CAMERA)
    assert found is None or len(found.ids) < 15


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("squares", [(6, 4), (6, 5), (5, 4)])
def test_boards_printed_before_opencv_4_6_are_found(legacy, squares):
    board = BoardSpec(squares_x=squares[0], squares_y=squares[1], T_world_board=BOARD.T_world_board)
    printed = board.to_cv()
    printed.setLegacyPattern(legacy)
    px = 64
    image = printed.generateImage((squares[0] * px, squares[1] * px))
    T_board_cam = look_at((0.12, -0.2, 0.55), (0.12, 0.08, 0.0))
    found = detect_board(
        photograph(inverse_se3(T_board_cam), board, image=image), board, camera=CAMERA
    )
    assert found is not None
    assert len(found.ids) == (squares[0] - 1) * (squares[1] - 1)
    T = inverse_se3(found.T_cam_board)
    assert np.linalg.norm(T[:3, 3] - T_board_cam[:3, 3]) < 3e-3


def test_exact_corners_give_the_exact_pose(monkeypatch):
    """Without the refinement, which hides a wrong start in some versions of OpenCV."""
    monkeypatch.setattr(cv2, "solvePnPRefineLM", lambda *a: a[-2:])
    rng = np.random.default_rng(0)
    for _ in range(500):
        eye = np.array([0.12, 0.08, 0.5]) + rng.normal(size=3) * [0.5, 0.5, 0.15]
        target = [*(np.array([0.12, 0.08]) + rng.normal(size=2) * 0.1), 0.0]
        T = inverse_se3(look_at(eye, target, up_world=rng.normal(size=3)))
        ids = np.sort(rng.choice(15, rng.integers(8, 16), replace=False))
        pixels = CAMERA.project(BOARD.corners_board[ids] @ T[:3, :3].T + T[:3, 3])
        if np.isnan(pixels).any():
            continue
        exact = (pixels[:, None].astype(np.float64), ids[:, None], (), np.arange(4))
        detector = type("Exact", (), {"detectBoard": lambda self, grey, exact=exact: exact})
        monkeypatch.setattr(cv2.aruco, "CharucoDetector", lambda board, d=detector: d())
        found = detect_board(np.zeros((480, 640, 3), np.uint8), BOARD, camera=CAMERA)
        np.testing.assert_allclose(found.T_cam_board, T, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"squares_x": 20, "squares_y": 20}, "200 markers, but DICT_4X4_50 has only 50"),
        ({"square_m": 40.0, "marker_m": 30.0}, "looks like millimetres"),
        ({"marker_m": 0.041}, "a marker lies inside"),
        ({"squares_x": 2}, "too few"),
        ({"dictionary": "DICT_4x4_50"}, "like it are DICT_4X4_50"),
        ({"T_world_board": ((1.0, 0, 0),) * 3}, "it is 4x4"),
        ({"T_world_board": tuple(map(tuple, np.diag([1, 1, 1, 2.0])))}, "last row"),
        (
            {"T_world_board": tuple(map(tuple, 2 * np.eye(4) - np.diag([0, 0, 0, 1.0])))},
            "no rotation",
        ),
        ({"T_world_board": tuple(map(tuple, np.diag([1.0, -1, -1, 1])))}, "side to the floor"),
    ],
)
def test_boards_that_cannot_be(changes, message):
    fault = board_fault(BOARD.model_copy(update=changes))
    assert (fault is None) if message is None else (message in fault)


def test_corners_that_fit_behind_the_camera_only_fit_infinitely_badly():
    """They project nowhere, and NaN passes every gate: no comparison with it holds."""
    T_cam_board = make_se3(np.eye(3), [0.0, 0.0, -0.05])
    points = np.array([[0.0, 0, 0], [0.1, 0, 0.1], [0, 0.1, 0.2], [0.1, 0.1, 0.1]])
    pixels = np.full((4, 2), 200.0)
    assert reprojection_rms_px(T_cam_board, points, pixels, CAMERA) == np.inf
    ahead = make_se3(np.eye(3), [0.0, 0.0, 1.0])
    seen = CAMERA.project(points + np.array([0, 0, 1.0])) + np.array([3.0, 4.0])
    assert reprojection_rms_px(ahead, points, seen, CAMERA) == pytest.approx(5.0)
