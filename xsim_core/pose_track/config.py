"""Settings of the pose_track stage."""

from typing import Literal

from xsim_core.config import StageConfig
from xsim_core.tracking.config import SegmentConfig, SmoothingConfig, TrackerConfig


class PoseTrackConfig(StageConfig):
    """How the object is followed through the video and what counts as good enough."""

    backend: Literal["reference", "foundationpose", "file"] = "reference"
    """``reference`` runs on any CPU; ``foundationpose`` calls a runner outside this process;
    ``file`` takes the track that the capture brings, and verifies it."""
    tracker: TrackerConfig = TrackerConfig()
    """The CPU tracker; its verification also judges FoundationPose's answers."""
    smoothing: SmoothingConfig = SmoothingConfig()
    """Smoothing on SE(3)."""
    segments: SegmentConfig = SegmentConfig()
    """When the object counts as moving."""
    backward_pass: Literal["never", "when_poor", "always"] = "when_poor"
    """Track once more from the end and keep the better pose of each frame."""
    check_first_pose: bool = True
    """Stop unless the first pose fills the capture's box, covers what stands there and nothing
    else, and no other size of the mesh or other pose does so as well."""
    num_board_frames: int = 8
    """Video frames in which the board is looked for."""
    max_board_rms_px: float = 1.5
    """Gate on the board's reprojection error."""
    max_camera_drift_m: float = 0.01
    """Gate on how far the camera seems to move between those frames."""
    min_ok_share: float = 0.5
    """Gate on the share of frames whose status is ok."""
    foundationpose_command: tuple[str, ...] = ()
    """Program and arguments; ``{input}`` and ``{output}`` become folders. Empty: take it from the
    environment variable XSIM_FOUNDATIONPOSE_COMMAND."""
    foundationpose_timeout_s: float = 1800.0
    """The runner is stopped after this time."""
