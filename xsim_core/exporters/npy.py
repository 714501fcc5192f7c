"""A track in the layout of X-Sim's released code (arXiv 2505.07096)."""

from pathlib import Path

import numpy as np

from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import matrix_to_quat_wxyz

from .source import Source


def write(source: Source[ObjectTrack], folder: Path) -> list[str]:
    """``OBJECT.npy``: float64 (1, t, 7), x y z in metres and quaternion wxyz, robot-base frame."""
    track = source.artifact
    T = track.array("T_world_object")
    poses = np.concatenate([T[:, :3, 3], matrix_to_quat_wxyz(T[:, :3, :3])], axis=1)
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in track.summary.object_name)
    np.save(folder / f"{name or 'object'}.npy", poses[None], allow_pickle=False)
    return []
