"""``xsim board``: a calibration board to print, and where it lies by three touched corners."""

from dataclasses import dataclass
from typing import Annotated, Any

from tyro.conf import Positional, arg, subcommand

from flows.cli.output import print_json

NOWHERE = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
Corner = tuple[float, float, float]


@dataclass(frozen=True)
class Print:
    """Write a ChArUco board as a PDF to scale, with a ruler that tells if the printer kept it."""

    file: Annotated[Positional[str], arg(metavar="FILE.pdf")]
    """A file that is not there yet."""
    squares_x: Annotated[int, arg(metavar="N")] = 6
    """Columns."""
    squares_y: Annotated[int, arg(metavar="N")] = 4
    """Rows."""
    square_mm: Annotated[float, arg(metavar="MM")] = 45.0
    """Edge of a square."""
    marker_mm: Annotated[float | None, arg(metavar="MM")] = None
    """Edge of a marker; three quarters of the square by default."""
    dictionary: Annotated[str, arg(metavar="NAME")] = "DICT_4X4_50"
    """Of OpenCV's markers."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Draw, and say what belongs into capture.yaml."""
        from xsim_core.errors import BadInputError
        from xsim_core.files.folders import expanded
        from xsim_core.geometry import BoardSpec
        from xsim_core.geometry.board_print import board_pdf, page_for
        from xsim_core.scratch import write_bytes

        path = expanded(self.file, "FILE")
        if path.suffix.lower() != ".pdf":
            raise BadInputError(f"{path}: a board is written as .pdf")
        if path.exists():
            raise BadInputError(f"{path} is there already: name another file")
        marker_mm = 0.75 * self.square_mm if self.marker_mm is None else self.marker_mm
        said = {
            "squares_x": self.squares_x,
            "squares_y": self.squares_y,
            "square_m": round(self.square_mm / 1000, 6),
            "marker_m": round(marker_mm / 1000, 6),
            "dictionary": self.dictionary,
        }
        board = BoardSpec.model_validate({**said, "T_world_board": NOWHERE})
        content = board_pdf(board)
        page = page_for(board)[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
        if self.json:
            print_json({"file": str(path), "page": page, "board": said})
            return 0
        print(path)
        print(f"  {page}; print at 100 % (no fitting to the page) and measure the ruler. Then:")
        print("board:\n  kind: charuco\n" + _yaml(said))
        return 0


@dataclass(frozen=True)
class Place:
    """T_world_board of a printed board, from three outer corners that the robot's tip touched."""

    lower_left: Corner
    """Metres in the robot-base frame; corners are the chessboard's, as one reads the print."""
    lower_right: Corner
    """Likewise."""
    upper_left: Corner
    """Likewise."""
    squares_x: Annotated[int, arg(metavar="N")] = 6
    """Columns of the print."""
    squares_y: Annotated[int, arg(metavar="N")] = 4
    """Rows of the print."""
    square_mm: Annotated[float, arg(metavar="MM")] = 45.0
    """Edge of a square, measured on the print."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Compute and print the matrix."""
        from pydantic import ValidationError

        from xsim_core.config import refusal
        from xsim_core.errors import BadInputError
        from xsim_core.geometry.touched import TouchedCorners, board_from_touch

        square_m = self.square_mm / 1000
        try:
            corners = TouchedCorners(
                lower_left=self.lower_left, lower_right=self.lower_right, upper_left=self.upper_left
            )
            T = board_from_touch(corners, (self.squares_x * square_m, self.squares_y * square_m))
        except ValidationError as error:
            raise BadInputError(refusal(error, "the corners")) from error
        except ValueError as error:
            raise BadInputError(str(error)) from error
        if self.json:
            print_json({"T_world_board": T})
            return 0
        print("  T_world_board:\n" + "\n".join(f"  - {list(row)}" for row in T))
        return 0


@dataclass(frozen=True)
class BoardCommands:
    """Print a calibration board, or tell where it lies."""

    action: Annotated[Print, subcommand("print")] | Annotated[Place, subcommand("place")]

    def run(self) -> int:
        """Pass on."""
        return self.action.run()


def _yaml(said: dict[str, Any]) -> str:
    return "\n".join(f"  {name}: {value}" for name, value in said.items())
