"""xsim_core/checks/camera_still.py: a board that was moved is told from a camera that was."""

import numpy as np
import pytest

from tests.checks.pictures import BOARD, T_WORLD_CAM, photographed, table
from xsim_core.checks.board_seen import look_for_board
from xsim_core.checks.camera_still import camera_stillness, frames_with_board_elsewhere
from xsim_core.geometry import make_se3, so3_exp


@pytest.fixture(scope="module")
def views():
    """As it lies, with the board pushed by 4 mm, and after the camera was knocked."""
    lying = table()
    bare = table(None)
    pushed = bare.copy()
    at = np.argwhere((lying != bare).any(axis=-1))
    (top, left), (bottom, right) = at.min(0), at.max(0) + 1
    pushed[top:bottom, left + 4 : right + 4] = lying[top:bottom, left:right]
    knocked = T_WORLD_CAM @ make_se3(so3_exp([0, 0.004, 0]), [0.003, 0, 0])
    return photographed(lying), photographed(pushed), photographed(lying, knocked)


def filmed(views, which):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 2, (len(which), *views[0].shape)).astype(np.float32)
    return np.clip(np.stack([views[k] for k in which]) + noise, 0, 255).astype(np.uint8)


def test_a_board_pushed_before_a_still_camera_is_found(views):
    film = filmed(views, [0] * 4 + [1] * 4)
    assert camera_stillness(film, BOARD).is_still
    seen = look_for_board(film, BOARD, enough=8)
    assert frames_with_board_elsewhere(seen.found, 640)[0] == 4


def test_what_stands_still_is_not_found_to_move(views):
    film = filmed(views, [0] * 5)
    assert camera_stillness(film, BOARD).is_still
    assert frames_with_board_elsewhere(look_for_board(film, BOARD).found, 640) == []


def test_a_knocked_camera_has_two_places(views):
    stillness = camera_stillness(filmed(views, [0] * 4 + [2] * 4), BOARD)
    assert [(s.first, s.last) for s in stillness.stretches] == [(0, 3), (4, 7)]
