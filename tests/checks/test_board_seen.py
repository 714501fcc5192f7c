"""xsim_core/checks/board_seen.py: the board that was described, or what lies there instead."""

import numpy as np
import pytest

from tests.checks.pictures import BOARD, CAMERA, T_WORLD_CAM, photographed, table
from xsim_core.checks.board_seen import (
    check_board_is_seen,
    check_corners,
    look_for_board,
    spread,
    what_is_seen,
)
from xsim_core.errors import BadInputError


@pytest.fixture(scope="module")
def film():
    """Six pictures of the board from one place."""
    rng = np.random.default_rng(0)
    return np.stack([photographed(table(), rng=rng) for _ in range(6)])


def check(images, board):
    seen = look_for_board(images, board)
    check_board_is_seen(images, board, seen, what="photos")
    check_corners(board, [seen])
    return seen


def test_the_described_board_is_found_where_it_lies(film):
    seen = look_for_board(film, BOARD, camera=CAMERA, enough=2)
    assert seen.num_looked == len(seen.found) == 2
    T_world_cam = np.array(BOARD.T_world_board) @ np.linalg.inv(seen.found[0].T_cam_board)
    np.testing.assert_allclose(T_world_cam, T_WORLD_CAM, atol=0.004)
    check(film, BOARD)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dictionary": "DICT_5X5_50"}, "12 markers of DICT_4X4_50 .* State the dictionary"),
        ({"squares_x": 4, "squares_y": 6}, "lie as on a board of 6x4 squares"),
        ({"squares_x": 7}, "lie as on a board of 6x4 squares"),
        ({"squares_y": 5}, "show 5x3 corners of the board .* If 6x4 squares were printed"),
    ],
    ids=["dictionary", "turned", "columns", "rows"],
)
def test_another_board_is_named(film, change, said):
    with pytest.raises(BadInputError, match=said):
        check(film, BOARD.model_copy(update=change))


def test_a_row_more_than_was_printed_had_moved_the_world_by_a_square(film):
    """Found without complaint: only the corners that are never seen tell."""
    as_stated = BOARD.model_copy(update={"squares_y": 5})
    found = look_for_board(film, as_stated, camera=CAMERA, enough=1).found[0]
    T = np.array(BOARD.T_world_board) @ np.linalg.inv(found.T_cam_board)
    off_mm = 1000 * np.linalg.norm((T - T_WORLD_CAM)[:3, 3])
    assert off_mm == pytest.approx(45, abs=3)


def test_no_board_and_a_board_out_of_view_are_refused_with_the_mend(film):
    bare = np.stack([photographed(table(None))] * 2)
    with pytest.raises(BadInputError, match=r"none of 2 photos shows .* 20 pixels wide"):
        check(bare, BOARD)
    # Too small to tell: the stages that need the board say so.
    check(bare[:, ::4, ::4], BOARD)
    check(bare[:0], BOARD)


def test_markers_alone_are_no_chessboard(film):
    assert "0 to 11" in what_is_seen(list(film[:1]), BOARD.model_copy(update={"squares_x": 9}))


def test_any_first_few_pictures_lie_far_apart():
    assert spread(9)[:4] == [0, 4, 8, 2]
    assert all(sorted(spread(n)) == list(range(n)) for n in (0, 1, 2, 3, 40))
