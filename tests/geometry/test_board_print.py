"""xsim_core/geometry/board_print.py: the page is to scale, and what is printed is found."""

import re

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry import BoardSpec, detect_board
from xsim_core.geometry.board_print import MM_PER_INCH, board_page, board_pdf, page_for

BOARD = BoardSpec(square_m=0.04, marker_m=0.03, T_world_board=tuple(map(tuple, np.eye(4))))
DPI = 60


def test_the_page_is_to_scale_and_its_board_is_found():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    page = board_page(BOARD)
    page.set_dpi(DPI)
    canvas = FigureCanvasAgg(page)
    canvas.draw()
    found = detect_board(np.asarray(canvas.buffer_rgba())[..., :3].copy(), BOARD)
    assert len(found.ids) == 15
    apart_mm = np.linalg.norm(found.pixels[4] - found.pixels[0]) / DPI * MM_PER_INCH
    assert apart_mm == pytest.approx(160, abs=0.3)


def test_the_file_is_a_page_of_its_size():
    content = board_pdf(BOARD)
    assert content.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[ ?([\d. ]+) ?\]", content)
    points = [float(x) for x in box.group(1).split()]
    np.testing.assert_allclose(points, [0, 0, 297 / 25.4 * 72, 210 / 25.4 * 72], atol=0.1)


def test_the_smallest_page_that_holds_it():
    assert page_for(BOARD) == ("A4", 297.0, 210.0)
    assert page_for(BOARD.model_copy(update={"square_m": 0.05}))[0] == "A3"
    with pytest.raises(BadInputError, match="fits no page up to A0"):
        page_for(BOARD.model_copy(update={"square_m": 0.3}))
    with pytest.raises(BadInputError, match="board: marker_m"):
        board_pdf(BOARD.model_copy(update={"marker_m": 0.05}))
