"""flows/cli/capture/board.py: a board is printed once, and placed by three touched corners."""

import json

import numpy as np
import pytest

from flows.cli.capture.board import Place, Print
from xsim_core.errors import BadInputError


def test_a_board_is_written_once_with_what_belongs_into_the_capture(tmp_path, capsys):
    path = tmp_path / "new" / "board.pdf"
    assert Print(str(path), square_mm=40).run() == 0
    assert path.read_bytes().startswith(b"%PDF")
    said = capsys.readouterr().out
    assert "A4; print at 100 %" in said
    assert "  square_m: 0.04\n  marker_m: 0.03\n  dictionary: DICT_4X4_50" in said
    with pytest.raises(BadInputError, match="is there already"):
        Print(str(path)).run()
    with pytest.raises(BadInputError, match=r"written as \.pdf"):
        Print(str(tmp_path / "board.png")).run()


def test_three_corners_tell_the_matrix(capsys):
    corners = (0.5, 0.0, 0.0), (0.5, 0.27, 0.0), (0.32, 0.0, 0.0)
    assert Place(*corners, json=True).run() == 0
    T = np.array(json.loads(capsys.readouterr().out)["T_world_board"])
    np.testing.assert_allclose(T[:3, :3], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)
    np.testing.assert_allclose(T[:3, 3], [0.5, 0, 0], atol=1e-9)
    with pytest.raises(BadInputError, match="width 270 mm, its squares 300 mm"):
        Place(*corners, square_mm=50).run()
