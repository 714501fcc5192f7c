"""The surface that the object stands on, measured beside it, in the robot's frame."""

import numpy as np

from xsim_core.artifacts import Capture
from xsim_core.film.camera_path import CameraPath
from xsim_core.film.frames import Video
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Frame
from xsim_core.tracking.initialisation.initialise import level_of_box
from xsim_core.tracking.initialisation.support import find_support

Plane = tuple[float, float, float, float]


def support_plane(
    video: Video, summary: Capture, path: CameraPath, config: TrackerConfig
) -> Plane | None:
    """Unit normal and offset (``normal . p = offset``) of what lies round the box.

    None where no plane is most of what is measured there.
    """
    i = summary.init_frame
    frame = Frame(video.rgb(i), video.depth_m(i), video.camera)
    level, box = level_of_box(frame, summary.init_box_xyxy, config)
    found = find_support(level, box, config)
    if found is None:
        return None
    here = np.tile(np.eye(4), (video.num_frames, 1, 1))
    T_world_cam = path.world.T_world_cam @ path.to_main(here)[i]
    normal = T_world_cam[:3, :3] @ found.normal
    offset_m = found.offset_m + float(normal @ T_world_cam[:3, 3])
    x, y, z = normal.tolist()
    return x, y, z, offset_m
