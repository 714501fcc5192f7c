"""xsim_core/geometry/board.py: the board is rendered by homography and found again."""

import cv2
import numpy as np
import pytest

from xsim_core.geometry import (
    BoardSpec,
    PinholeCamera,
    detect_board,
    inverse_se3,
    look_at,
    rotation_angle,
)

BOARD = BoardSpec(T_world_board=tuple(map(tuple, np.eye(4).tolist())))
CAMERA = PinholeCamera.from_fov(640, 480, 0.8)


def photograph(T_cam_board, board=BOARD, px=64):
    """The printed board seen from T_cam_board, on grey."""
    print_px = board.to_image(px)
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
