"""Pictures of a drawn board and robot poses, as files; and a real UR5's."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from xsim_core.capture.hand_eye.calibrate import calibrate_camera, described_board
from xsim_core.capture.hand_eye.pictures import Chessboard
from xsim_core.capture.hand_eye.robot_poses import both_directions, read_robot_poses
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import (
    inverse_se3,
    make_se3,
    matrix_to_quat_wxyz,
    rotation_angle,
    so3_exp,
    so3_log,
)

UR5 = (
    Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[4] / "shared" / "data"))
    / "hand_eye_ur5"
)
K = np.array([[500.0, 0, 199.5], [0, 500.0, 149.5], [0, 0, 1]])
BOARD = Chessboard(7, 5, 0.04)
T_HAND_CAM = make_se3(so3_exp([0.1, -0.2, 1.5]), [0.05, -0.03, 0.08])


def drawn(T_cam_board):
    """The board (300, 400) by a homography, drawn four times as large."""
    px, scale = 40, 4
    squares = np.kron(np.indices((BOARD.rows + 1, BOARD.columns + 1)).sum(0) % 2, np.ones((px, px)))
    sheet = np.pad(255 * squares, px, constant_values=255).astype(np.uint8)
    # Pixel of the sheet → metres of the board, whose first corner is two squares in.
    to_board = np.diag([BOARD.square_m / px, BOARD.square_m / px, 1])
    to_board[:2, 2] = -BOARD.square_m * (2 * px - 0.5) / px
    S = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])
    H = S @ K @ T_cam_board[:3, [0, 1, 3]] @ to_board
    large = cv2.warpPerspective(sheet, H, (400 * scale, 300 * scale), borderValue=140)
    return cv2.resize(large, (400, 300), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Eight pictures from a camera on the hand; T_base_hand (8, 4, 4)."""
    folder, rng = tmp_path_factory.mktemp("hand_eye"), np.random.default_rng(0)
    T_base_board = make_se3(so3_exp([0.0, 0.1, 0.3]), [0.6, 0.1, 0.0])
    poses = []
    for i in range(8):
        middle = np.array([0.12, 0.08, 0.0])
        R = so3_exp(rng.normal(0, 0.3, 3) * [1, 1, 0.5])
        T_cam_board = make_se3(R, [0, 0, 0.55 + 0.1 * rng.random()] - R @ middle)
        cv2.imwrite(str(folder / f"{i}.png"), drawn(T_cam_board))
        poses.append(T_base_board @ inverse_se3(T_cam_board) @ inverse_se3(T_HAND_CAM))
    np.savetxt(folder / "cam_K.txt", K)
    write_poses(folder, np.stack(poses), "xyzw")
    return folder, np.stack(poses)


def write_poses(folder, poses, order):
    for i, T in enumerate(poses):
        q = matrix_to_quat_wxyz(T[:3, :3])
        row = [*T[:3, 3], *(np.roll(q, -1) if order == "xyzw" else q)]
        (folder / f"{i}_robot_pose.txt").write_text(", ".join(map(str, row)))


def off(found):
    error = found[:3, 3] - T_HAND_CAM[:3, 3]
    turn = rotation_angle(found[:3, :3], T_HAND_CAM[:3, :3])
    return 1000 * np.linalg.norm(error), np.rad2deg(turn)


@pytest.mark.parametrize("order", ["xyzw", "wxyz"])
def test_a_camera_on_the_hand_whatever_the_quaternions_order(recording, order):
    folder, poses = recording
    write_poses(folder, poses, order)
    made = calibrate_camera(folder, BOARD)
    error_mm, error_deg = off(made.hand_eye.T_hand_cam)
    assert error_mm < 2.0
    assert error_deg < 0.15
    assert any(f"read as {order}, base ← hand" in n for n in made.notes)
    told = json.loads(json.dumps(made.as_json()))
    assert len(told["pictures"]) == told["num_used"] == 8


def test_the_other_direction_in_one_file_is_found(recording, tmp_path):
    folder, poses = recording
    for path in folder.glob("*.png"):
        (tmp_path / path.name).hardlink_to(path)
    np.savetxt(tmp_path / "cam_K.txt", K)
    np.savetxt(tmp_path / "poses.txt", inverse_se3(poses).reshape(8, 16))
    made = calibrate_camera(tmp_path, BOARD)
    assert off(made.hand_eye.T_hand_cam)[0] < 2.0
    assert any("hand ← base" in n for n in made.notes)


def test_what_three_angles_mean_is_found(recording, tmp_path):
    folder, poses = recording
    for path in folder.glob("*.png"):
        (tmp_path / path.name).hardlink_to(path)
    np.savetxt(tmp_path / "cam_K.txt", K)
    np.savetxt(tmp_path / "poses.txt", [[*T[:3, 3], *so3_log(T[:3, :3])] for T in poses])
    made = calibrate_camera(tmp_path, BOARD)
    assert off(made.hand_eye.T_hand_cam)[0] < 2.0
    assert any("read as a rotation vector, base ← hand" in n for n in made.notes)


def test_what_is_missing_is_said(recording, tmp_path):
    folder, _ = recording
    with pytest.raises(BadInputError, match="holds no pictures"):
        calibrate_camera(tmp_path, BOARD)
    (tmp_path / "0.png").hardlink_to(folder / "0.png")
    with pytest.raises(BadInputError, match="no robot poses for them: one file a picture"):
        calibrate_camera(tmp_path, BOARD)
    (tmp_path / "poses.txt").write_text("0 0 1 0 0 0 1\n0 0 1 0 0 0 1\n")
    with pytest.raises(BadInputError, match=r"has 2 poses of \[7\] numbers for 1 pictures"):
        read_robot_poses([tmp_path / "0.png"], tmp_path, [])
    (tmp_path / "poses.txt").write_text("0 0 1 0 0 0 3\n")
    with pytest.raises(BadInputError, match="has length 3, not 1"):
        read_robot_poses([tmp_path / "0.png"], tmp_path, [])
    (tmp_path / "poses.txt").write_text("0 0 1 0 0 0 1\n")
    with pytest.raises(QualityGateError, match="1 of 1 pictures show the board"):
        calibrate_camera(tmp_path, BOARD)
    assert len(both_directions(read_robot_poses([tmp_path / "0.png"], tmp_path, []))) == 4


def test_boards_are_described_in_one_way(tmp_path):
    assert described_board("11x9", 0.0424, "") == Chessboard(11, 9, 0.0424)
    path = tmp_path / "board.yaml"
    path.write_text("{squares_x: 6, squares_y: 4, square_m: 0.04, marker_m: 0.03}")
    assert described_board("", 0, str(path)).squares_x == 6
    for given, message in (
        (("", 0, ""), "describe the board"),
        (("11x9", 42.4, ""), "edge in metres"),
        (("eleven", 0.04, ""), "is not COLUMNSxROWS"),
    ):
        with pytest.raises(BadInputError, match=message):
            described_board(*given)
    path.write_text("{squares_x: 2, squares_y: 2}")
    with pytest.raises(BadInputError, match="too few"):
        described_board("", 0, str(path))
    path.write_text("[1, 2]")
    with pytest.raises(BadInputError, match=r"board\.yaml"):
        described_board("", 0, str(path))


def test_the_command_writes_the_matrix(recording, tmp_path, capsys):
    from flows.cli.capture.command import CaptureCalibrateCamera
    from xsim_core.capture.place.matrix_file import read_matrix

    folder, _ = recording
    path = tmp_path / "camera.json"
    given = {"folder": str(folder), "corners": "7x5", "square_m": 0.04, "to": str(path)}
    assert CaptureCalibrateCamera(**given, camera="hand").run() == 0
    assert "poses agree to" in capsys.readouterr().out
    with pytest.raises(BadInputError, match="a camera on the hand"):
        read_matrix(path, [])
    assert off(read_matrix(path, [], key="T_hand_cam"))[0] < 2.0


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.skipif(not UR5.exists(), reason=f"no recording at {UR5} (set XSIM_REAL_DATA)")
def test_a_real_ur5_comes_to_its_reference():
    made = calibrate_camera(UR5, Chessboard(11, 9, 0.0424))
    reference_m = [0.336, -0.464, 0.026]
    assert 1000 * np.linalg.norm(made.hand_eye.T_hand_cam[:3, 3] - reference_m) < 3
    assert made.hand_eye.is_used.sum() >= 18
    assert made.hand_eye.is_turned.any()
