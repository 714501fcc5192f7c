"""What is asked of a camera that a printed board locates."""

from dataclasses import dataclass
from typing import Protocol


class CameraGates(Protocol):
    """What a configuration says of it."""

    @property
    def num_board_frames(self) -> int:
        """Video frames in which the board is looked for."""
        ...

    @property
    def max_board_rms_px(self) -> float:
        """Gate on the board's reprojection error."""
        ...

    @property
    def max_camera_drift_m(self) -> float:
        """Gate on how far the camera seems to move between those frames."""
        ...


@dataclass(frozen=True)
class UsualGates:
    """As ``PoseTrackConfig`` has them by default, for stages that have no say in it."""

    num_board_frames: int = 8
    max_board_rms_px: float = 1.5
    max_camera_drift_m: float = 0.01
