from .config import PoseTrackConfig as PoseTrackConfig
from .track import track_object as track_object
