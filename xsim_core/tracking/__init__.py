"""Follow a known rigid object in RGB-D video on the CPU, and smooth what was found."""

from .config import TrackerConfig
from .mesh import TexturedMesh, load_mesh, mesh_without_texture
from .metrics import add_m, adds_m, auc
from .overlay import STATUS_NAMES, STATUS_RGB, draw_pose
from .raycast import RayCaster
from .segments import SegmentConfig, motion_segments, speeds
from .smoothing import SmoothingConfig, fill_gaps, smooth_poses
from .tracker import INTERPOLATED, LOST, OCCLUDED, OK, ObjectTracker, TrackedPose

__all__ = [
    "INTERPOLATED",
    "LOST",
    "OCCLUDED",
    "OK",
    "STATUS_NAMES",
    "STATUS_RGB",
    "ObjectTracker",
    "RayCaster",
    "SegmentConfig",
    "SmoothingConfig",
    "TexturedMesh",
    "TrackedPose",
    "TrackerConfig",
    "add_m",
    "adds_m",
    "auc",
    "draw_pose",
    "fill_gaps",
    "load_mesh",
    "mesh_without_texture",
    "motion_segments",
    "smooth_poses",
    "speeds",
]
