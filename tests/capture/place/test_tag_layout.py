import json

import numpy as np
import pytest

from tests.capture.place.films import TAG_M, TAG_PLACES, film, tag_corners
from tests.tracking.scenes import T_WORLD_BOARD, T_WORLD_CAM
from xsim_core.capture.place.spec import TagsSpec
from xsim_core.capture.place.tag_layout import tag_board, turn_as_seen
from xsim_core.errors import BadInputError
from xsim_core.geometry import board_fault, detect_board, inverse_se3, rotation_angle


def spec(**said):
    return TagsSpec.model_validate({"size_m": TAG_M, **said})


def one_by_one(**said):
    tags = [{"id": i, "corners_board": tag_corners(i).tolist()} for i in TAG_PLACES]
    return spec(tags=tags, **said)


def camera_error(board):
    """Millimetres and degrees by which the camera is off in the first frame."""
    made = film()
    found = detect_board(made.rgb[0], board, camera=made.camera)
    T = np.array(board.T_world_board) @ inverse_se3(found.T_cam_board)
    turn = np.rad2deg(rotation_angle(T[:3, :3], T_WORLD_CAM[:3, :3]))
    return 1000 * np.linalg.norm(T[:3, 3] - T_WORLD_CAM[:3, 3]), turn


def turned(board, notes):
    made = film()
    return turn_as_seen(board, made.rgb[:2], made.camera, notes)


def test_tags_by_their_corners():
    notes = []
    board = turned(tag_board(one_by_one(), None, []), notes)
    assert notes == []
    assert board_fault(board) is None
    error_mm, turn_deg = camera_error(board)
    assert error_mm < 6
    assert turn_deg < 0.5


def test_tags_by_their_poses_a_grid_and_a_file_are_the_same_tags(tmp_path):
    def pose(i):
        T = np.eye(4)
        T[:3, 3] = tag_corners(i).mean(0)
        return {"id": i, "T_board_tag": T.tolist()}

    by_corners = tag_board(one_by_one(), None, [])
    by_pose = tag_board(spec(tags=[pose(i) for i in TAG_PLACES]), None, [])
    mm = {"paper": "A3", **{str(i): (1000 * tag_corners(i)).tolist() for i in TAG_PLACES}}
    (tmp_path / "tags.json").write_text(json.dumps(mm))
    notes = []
    by_file = tag_board(spec(layout="tags.json"), tmp_path, notes)
    assert notes == ["tags: tags.json is taken as millimetres"]
    for other in (by_pose, by_file):
        np.testing.assert_allclose(other.corners_board, by_corners.corners_board, atol=1e-8)
    grid = {"columns": 2, "rows": 1, "gap_m": 0.08, "first_id": 7}
    T = T_WORLD_BOARD.copy()
    T[:3, 3] += [0.0, 0.05, 0]
    by_grid = tag_board(spec(grid=grid, T_world_board=T.tolist()), None, [])
    np.testing.assert_allclose(
        by_grid.corners_board + T[:3, 3], by_corners.corners_board, atol=1e-8
    )


def test_rows_of_a_grid_from_above_and_from_below():
    low = tag_board(spec(grid={"columns": 2, "rows": 3, "gap_m": 0.03}), None, [])
    high = tag_board(
        spec(grid={"columns": 2, "rows": 3, "gap_m": 0.03, "first": "upper_left"}), None, []
    )
    places = [np.array(b.corners_board).reshape(-1, 4, 3).mean(1) for b in (low, high)]
    np.testing.assert_allclose(places[0][0], [0.05, 0.05, 0])
    np.testing.assert_allclose(places[1][0], [0.05, 0.31, 0])
    np.testing.assert_allclose(places[0][[4, 5, 2, 3, 0, 1]], places[1])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_corners_listed_from_elsewhere_are_turned(k):
    """AprilTag's own pictures are upside down for OpenCV."""
    tags = [
        {"id": i, "corners_board": np.roll(tag_corners(i), k, axis=0).tolist()} for i in TAG_PLACES
    ]
    notes = []
    board = turned(tag_board(spec(tags=tags), None, []), notes)
    assert f"begin {90 * k}° further" in notes[0]
    assert camera_error(board)[0] < 6


def test_tags_that_lie_elsewhere_are_refused():
    tags = [
        {"id": i, "corners_board": (tag_corners(i) + 0.1 * (i == 7)).tolist()} for i in TAG_PLACES
    ]
    with pytest.raises(BadInputError, match="do not lie as the capture says"):
        turned(tag_board(spec(tags=tags), None, []), [])


FAULTS = {
    "twice": ([0, 0], 1.0, "listed twice"),
    "beyond": ([600], 1.0, "ids go from 0 to 586"),
    "millimetres": ([0], 1000.0, "divide by 1000"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_sets_that_cannot_be(case):
    ids, scale, message = FAULTS[case]
    tags = [{"id": i, "corners_board": (scale * tag_corners(7)).tolist()} for i in ids]
    assert message in board_fault(tag_board(spec(tags=tags), None, []))
    crossed = tag_corners(7)[[0, 2, 1, 3]].tolist()
    board = tag_board(spec(tags=[{"id": 1, "corners_board": crossed}]), None, [])
    assert "are no square" in board_fault(board)


def test_odd_layouts(tmp_path):
    for text, message in (
        ("[1]", "holds no tags"),
        ('{"1": [[0, 0], [1, 1]]}', "no four corners"),
        ('{"1": [["a", 0], [1, 1], [2, 2], [3, 3]]}', "no four corners"),
        ('{"1": [[0, 0], [0, 37], [37, 37], [37, 0]]}', "that is no unit"),
    ):
        (tmp_path / "tags.json").write_text(text)
        with pytest.raises(BadInputError, match=message):
            tag_board(spec(layout="tags.json"), tmp_path, [])
    with pytest.raises(BadInputError, match="does not exist"):
        tag_board(spec(layout="no.json"), tmp_path, [])
    mirror = np.diag([1.0, 1, -1, 1]).tolist()
    with pytest.raises(BadInputError, match="tag 3: T_board_tag's first three columns"):
        tag_board(spec(tags=[{"id": 3, "T_board_tag": mirror}]), None, [])
    with pytest.raises(ValueError, match="by one of 'tags', 'grid' and 'layout'"):
        spec()


def test_files_and_grids_of_what_no_tag_can_be(tmp_path):
    square = [[0, 0], [TAG_M, 0], [TAG_M, TAG_M], [0, TAG_M]]
    for layout, message in (
        ({-3: square}, r"tags\.json.*is -3"),
        (dict.fromkeys(range(1001), square), "at most 1000 items"),
    ):
        text = "\n".join(f"{i}: {json.dumps(corners)}" for i, corners in layout.items())
        (tmp_path / "tags.json").write_text(text)
        with pytest.raises(BadInputError, match=message) as refused:
            tag_board(spec(layout="tags.json"), tmp_path, [])
        assert len(str(refused.value)) < 400
    with pytest.raises(BadInputError, match="at most 1000 items"):
        tag_board(spec(grid={"columns": 40, "rows": 40, "gap_m": 0.01}), None, [])
