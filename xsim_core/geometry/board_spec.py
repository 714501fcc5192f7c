"""A printed calibration board: where metric scale and the robot-base frame come from.

Summaries of artifacts hold one: whoever only looks at artifacts imports this, and no NumPy.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Tag as Named, model_validator

from xsim_core.config import FrozenModel

from .tag_spec import IDENTITY, Matrix4, TagBoard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BoardSpec(FrozenModel):
    """A ChArUco board and where it lies.

    The board frame is x along the columns, y *away from* the first printed row, z out
    of the paper; its origin is the outer corner of the board that is opposite to OpenCV's (the
    lower-left corner of the print as one reads it).
    """

    kind: Literal["charuco"] = "charuco"
    squares_x: int = 6
    squares_y: int = 4
    square_m: float = 0.04
    marker_m: float = 0.03
    dictionary: str = "DICT_4X4_50"
    T_world_board: Matrix4
    """Pose (4, 4) of the board in the robot-base frame, measured by whoever placed the board; or
    ``touched``: three corners that the robot touched, which become it."""

    @model_validator(mode="before")
    @classmethod
    def _of_touched_corners(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("touched") is None:
            return data
        from .touched import TouchedCorners, board_from_touch

        if "T_world_board" in data:
            raise ValueError("T_world_board and touched say the same thing: leave one of them out")
        rest = {name: value for name, value in data.items() if name != "touched"}
        # As it will be, but for the place: the other fields are judged once.
        shape = cls.model_validate({**rest, "T_world_board": IDENTITY})
        corners = TouchedCorners.model_validate(data["touched"])
        return {**rest, "T_world_board": board_from_touch(corners, shape.size_m)}

    @property
    def corners_board(self) -> "NDArray[np.float64]":
        """Inner chessboard corners (n, 3) in metres, in the order of their OpenCV ids."""
        import numpy as np

        nx, ny = self.squares_x - 1, self.squares_y - 1
        v, u = np.mgrid[1 : ny + 1, 1 : nx + 1]
        # OpenCV counts rows downwards from the printed top, with z into the paper.
        points = np.stack([u, self.squares_y - v, np.zeros_like(u)], axis=-1).astype(float)
        return points.reshape(-1, 3) * self.square_m

    @property
    def centre_board(self) -> "NDArray[np.float64]":
        """The middle (3,) of the printed chessboard."""
        import numpy as np

        return np.array([*self.size_m, 0.0]) / 2

    @property
    def outline_board(self) -> "NDArray[np.float64]":
        """The chessboard's closed outline (1, 5, 3), for pictures."""
        import numpy as np

        width, height = self.size_m
        corners = [[0, 0, 0], [width, 0, 0], [width, height, 0], [0, height, 0], [0, 0, 0]]
        return np.array([corners], float)

    @property
    def described(self) -> str:
        """In words, for sentences."""
        return (
            f"{self.squares_x}x{self.squares_y} ChArUco board ({self.dictionary}, "
            f"{1000 * self.square_m:.0f} mm squares)"
        )

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the printed chessboard."""
        return self.squares_x * self.square_m, self.squares_y * self.square_m

    def to_cv(self) -> Any:
        """The OpenCV ``CharucoBoard``."""
        import cv2

        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        size = (self.squares_x, self.squares_y)
        return cv2.aruco.CharucoBoard(size, self.square_m, self.marker_m, dictionary)

    def to_image(self, px_per_square: int = 64) -> "NDArray[np.uint8]":
        """The board as printed, grey (h, w) uint8, without margin; for printing and rendering."""
        import numpy as np

        size = (self.squares_x * px_per_square, self.squares_y * px_per_square)
        return np.asarray(self.to_cv().generateImage(size), dtype=np.uint8)


def kind_of_board(value: Any) -> str:
    """Which printed thing a value describes; a board that does not say is a ChArUco board."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "charuco" if kind is None else str(kind)


Board = Annotated[
    Annotated[BoardSpec, Named("charuco")] | Annotated[TagBoard, Named("tags")],
    Discriminator(kind_of_board),
]
"""What is printed and lies at a known place: its corners tell where a camera stands."""
