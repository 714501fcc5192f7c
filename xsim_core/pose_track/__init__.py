"""6D pose of the object in every video frame, smoothed, segmented, in the robot-base frame."""

from .config import PoseTrackConfig
from .track import track_object

__all__ = ["PoseTrackConfig", "track_object"]
