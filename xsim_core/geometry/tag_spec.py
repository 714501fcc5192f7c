"""Printed AprilTags or ArUco markers at known places, as a value that summaries can hold.

Summaries of artifacts hold one: whoever only looks at artifacts imports this, and no NumPy.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from xsim_core.config import FrozenModel, Vec3

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IDENTITY = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
Matrix4 = Annotated[
    tuple[Annotated[tuple[float, ...], Field(max_length=4)], ...], Field(max_length=4)
]
MAX_TAGS = 1000


class Tag(FrozenModel):
    """One marker and where its corners lie."""

    id: int = Field(ge=0)
    corners_board: tuple[Vec3, Vec3, Vec3, Vec3]
    """Metres, in OpenCV's order: clockwise from the marker's top left, seen from the front."""


class TagBoard(FrozenModel):
    """Markers of one dictionary at known places: on a sheet, a table, or the robot's base.

    Where ``T_world_board`` is left as it is, places are those in the robot-base frame.
    """

    kind: Literal["tags"] = "tags"
    dictionary: str = "DICT_APRILTAG_36h11"
    tags: tuple[Tag, ...] = Field(min_length=1, max_length=MAX_TAGS)
    T_world_board: Matrix4 = IDENTITY
    """Pose (4, 4) of the frame in which the tags' places are given, in the robot-base frame."""

    @property
    def corners_board(self) -> "NDArray[np.float64]":
        """Corners (4 n, 3) in metres: four of each tag, in the order of ``tags``."""
        import numpy as np

        return np.array([tag.corners_board for tag in self.tags], float).reshape(-1, 3)

    @property
    def centre_board(self) -> "NDArray[np.float64]":
        """The middle (3,) of all corners."""
        return self.corners_board.mean(axis=0)

    @property
    def outline_board(self) -> "NDArray[np.float64]":
        """The tags' closed outlines (n, 5, 3), for pictures."""
        import numpy as np

        corners = self.corners_board.reshape(-1, 4, 3)
        return np.concatenate([corners, corners[:, :1]], axis=1)

    @property
    def described(self) -> str:
        """In words, for sentences."""
        ids = ", ".join(str(tag.id) for tag in self.tags[:6])
        more = f" and {len(self.tags) - 6} more" if len(self.tags) > 6 else ""
        return f"{self.dictionary} tags (ids {ids}{more})"
