"""A board as a page to print: to scale, with a ruler that tells whether the printer kept it."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from xsim_core.errors import BadInputError

from .board import board_fault
from .board_spec import BoardSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGES_MM = {
    "A4": (210, 297),
    "A3": (297, 420),
    "A2": (420, 594),
    "A1": (594, 841),
    "A0": (841, 1189),
}
MARGIN_MM = 12.0
RULER_MM = 22.0
PX_PER_MM = 20
MM_PER_INCH = 25.4


def page_for(board: BoardSpec) -> tuple[str, float, float]:
    """The smallest page that holds the board and its ruler: name, width and height in millimetres.

    Raises:
        BadInputError: when none does.
    """
    width, height = (1000 * side for side in board.size_m)
    needed = width + 2 * MARGIN_MM, height + 2 * MARGIN_MM + RULER_MM
    for name, (short, long) in PAGES_MM.items():
        for wide, high in ((long, short), (short, long)):
            if needed[0] <= wide and needed[1] <= high:
                return name, float(wide), float(high)
    raise BadInputError(
        f"a board of {width:.0f}x{height:.0f} mm fits no page up to A0: fewer or smaller squares"
    )


def board_pdf(board: BoardSpec) -> bytes:
    """One page with the board in its own size, and a ruler as long as the board is wide.

    Raises:
        BadInputError: when no such board can be printed.
    """
    buffer = io.BytesIO()
    board_page(board).savefig(buffer, format="pdf", dpi=PX_PER_MM * MM_PER_INCH)
    return buffer.getvalue()


def board_page(board: BoardSpec) -> "Figure":
    """The page as a figure in its own size.

    Raises:
        BadInputError: when no such board can be printed.
    """
    from matplotlib.figure import Figure

    if fault := board_fault(board):
        raise BadInputError(f"board: {fault}")
    _, page_w, page_h = page_for(board)
    width, height = (1000 * side for side in board.size_m)
    left, bottom = (page_w - width) / 2, (page_h - height - RULER_MM) / 2 + RULER_MM
    figure = Figure(figsize=(page_w / MM_PER_INCH, page_h / MM_PER_INCH))
    axes = figure.add_axes((left / page_w, bottom / page_h, width / page_w, height / page_h))
    axes.imshow(
        board.to_image(round(1000 * board.square_m * PX_PER_MM)),
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="none",
        aspect="auto",
    )
    axes.axis("off")
    _draw_ruler(figure.add_axes((0, 0, 1, bottom / page_h)), board, left, bottom, page_w)
    return figure


def _draw_ruler(ruler: Any, board: BoardSpec, left: float, bottom: float, page_w: float) -> None:
    """Millimetres below the board, and what to measure."""
    width = 1000 * board.size_m[0]
    ruler.set(xlim=(0, page_w), ylim=(0, bottom))
    ruler.axis("off")
    base, marks = bottom - 8.0, np.arange(0, round(width) + 1)
    ruler.plot([left, left + width], [base, base], color="black", linewidth=0.4)
    for mm in marks.tolist():
        length = 4.0 if mm % 10 == 0 else 2.5 if mm % 5 == 0 else 1.5
        ruler.plot([left + mm] * 2, [base, base + length], color="black", linewidth=0.25)
    for mm in marks[::50].tolist():
        ruler.text(left + mm, base - 1, f"{mm}", ha="center", va="top", fontsize=7)
    told = (
        f"{board.squares_x}x{board.squares_y} squares of {1000 * board.square_m:g} mm, markers "
        f"{1000 * board.marker_m:g} mm, {board.dictionary}. Print at 100 %, then measure the ruler:"
        f" {width:g} mm from end to end. If it is not, state square_m as printed."
    )
    ruler.text(left, base - 6, told, ha="left", va="top", fontsize=6)
