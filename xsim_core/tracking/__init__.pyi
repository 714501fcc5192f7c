from .config import (
    SegmentConfig as SegmentConfig,
    SmoothingConfig as SmoothingConfig,
    TrackerConfig as TrackerConfig,
)
from .metrics import add_m as add_m, adds_m as adds_m, auc as auc
from .overlay import STATUS_NAMES as STATUS_NAMES, STATUS_RGB as STATUS_RGB, draw_pose as draw_pose
from .raycast import RayCaster as RayCaster
from .segments import motion_segments as motion_segments, speeds as speeds
from .smoothing import fill_gaps as fill_gaps, smooth_poses as smooth_poses
from .tracked_pose import (
    INTERPOLATED as INTERPOLATED,
    LOST as LOST,
    OCCLUDED as OCCLUDED,
    OK as OK,
    TrackedPose as TrackedPose,
)
from .tracker import ObjectTracker as ObjectTracker
