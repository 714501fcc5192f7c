from .config import PoseTrackConfig as PoseTrackConfig
from .review.config import KeyPose as KeyPose, ReviewConfig as ReviewConfig
from .review.stage import review_track as review_track
from .track import track_object as track_object
