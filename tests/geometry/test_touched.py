"""xsim_core/geometry/touched.py: three corners that the robot touched say where the board lies."""

import numpy as np
import pytest
from pydantic import ValidationError

from xsim_core.geometry import BoardSpec, board_fault, make_se3, rotation_angle, so3_exp

T_WORLD_BOARD = make_se3(so3_exp([0.02, -0.01, 1.9]), [0.62, -0.11, 0.004])
PRINT = {"squares_x": 6, "squares_y": 4, "square_m": 0.045, "marker_m": 0.034}


def touched(*, scale=1.0, off_m=0.0, mirrored=False, tip_m=0.0):
    corners = np.array([[0, 0, 0], [0.27, 0, 0], [0, 0.18, 0]]) * scale
    world = corners @ T_WORLD_BOARD[:3, :3].T + T_WORLD_BOARD[:3, 3]
    world += np.random.default_rng(0).uniform(-off_m, off_m, (3, 3)) - [0, 0, tip_m]
    order = [0, 2, 1] if mirrored else [0, 1, 2]
    return dict(
        zip(("lower_left", "lower_right", "upper_left"), world[order].tolist(), strict=True)
    )


def test_three_corners_are_the_pose():
    board = BoardSpec.model_validate({**PRINT, "touched": touched()})
    np.testing.assert_allclose(board.T_world_board, T_WORLD_BOARD, atol=1e-8)
    assert board_fault(board) is None
    longer = BoardSpec.model_validate({**PRINT, "touched": {**touched(tip_m=0.03), "tip_m": 0.03}})
    np.testing.assert_allclose(longer.T_world_board, T_WORLD_BOARD, atol=1e-8)


def test_a_millimetre_of_the_tip_is_a_millimetre_of_the_board():
    board = BoardSpec.model_validate({**PRINT, "touched": touched(off_m=0.001)})
    T = np.array(board.T_world_board)
    middle = np.array([0.135, 0.09, 0, 1])
    assert np.linalg.norm((T @ middle - T_WORLD_BOARD @ middle)[:3]) < 0.0015
    assert rotation_angle(T[:3, :3], T_WORLD_BOARD[:3, :3]) < 0.01


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        (touched(scale=0.94), r"width 254 mm, its squares 270 mm \(0\.94 times\)"),
        (touched(scale=1000), "write metres"),
        ({**touched(), "upper_left": [0.7, 0.05, 0.004]}, "measure square_m|right angle"),
        ({"lower_left": [0, 0, 0]}, "lower_right"),
    ],
    ids=["94 %", "millimetres", "askew", "one corner"],
)
def test_corners_of_no_such_board_are_refused(corners, said):
    with pytest.raises(ValidationError, match=said):
        BoardSpec.model_validate({**PRINT, "touched": corners})


def test_exchanged_corners_and_two_poses_are_refused():
    with pytest.raises(ValidationError, match="width 180 mm"):
        BoardSpec.model_validate({**PRINT, "touched": touched(mirrored=True)})
    square = {**PRINT, "squares_y": 6}
    corners = touched()
    up = np.array(corners["upper_left"]) - corners["lower_left"]
    far = (np.array(corners["lower_left"]) + up * 1.5).tolist()
    down = {**corners, "lower_right": far, "upper_left": corners["lower_right"]}
    assert "printed side to the floor" in board_fault(
        BoardSpec.model_validate({**square, "touched": down})
    )
    with pytest.raises(ValidationError, match="leave one of them out"):
        BoardSpec.model_validate(
            {**PRINT, "touched": touched(), "T_world_board": T_WORLD_BOARD.tolist()}
        )
