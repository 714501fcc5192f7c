"""A track in the trajectory format of the TUM RGB-D benchmark (Sturm et al. 2012).

Format: https://cvg.cit.tum.de/data/datasets/rgbd-dataset/file_formats
"""

from pathlib import Path

import numpy as np

from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import matrix_to_quat_wxyz

from .source import Source


def write(source: Source[ObjectTrack], folder: Path) -> list[str]:
    """``trajectory.txt``: ``time x y z qx qy qz qw``, object to robot base, seconds and metres."""
    track = source.artifact
    T = track.array("T_world_object")
    wxyz = matrix_to_quat_wxyz(T[:, :3, :3])
    rows = np.column_stack([track.array("timestamps_s"), T[:, :3, 3], wxyz[:, 1:], wxyz[:, :1]])
    np.savetxt(folder / "trajectory.txt", rows, fmt="%.9f", header="time x y z qx qy qz qw")
    return []
