"""Where else to start from when the pose next to the last one does not explain the frame."""

import numpy as np

from xsim_core.geometry import TexturedMesh
from xsim_core.geometry.arrays import SE3, Point3
from xsim_core.tracking.frame import Frame
from xsim_core.tracking.refine import apply_motion

from .initialise import Box

TURN_RAD = np.deg2rad(20)
SHIFT_M = 0.03


def starts_around(base: SE3, mesh_centre: Point3) -> list[SE3]:
    """A pose, turned by 20 degrees and shifted by 3 cm each way."""
    starts, centre = [base], base[:3, :3] @ mesh_centre + base[:3, 3]
    for axis in np.concatenate([np.eye(3), -np.eye(3)]):
        turn = np.concatenate([np.zeros(3), TURN_RAD * axis])
        starts.append(apply_motion(base, turn, centre))
        starts.append(apply_motion(base, np.concatenate([SHIFT_M * axis, np.zeros(3)]), centre))
    return starts


def moved_to_boxes(frame: Frame, base: SE3, mesh: TexturedMesh, boxes: list[Box]) -> list[SE3]:
    """The pose shifted to the middle of each box, turned as it was."""
    moved, K = [], frame.camera.K
    centre = base[:3, :3] @ mesh.centre + base[:3, 3]
    for x0, y0, x1, y1 in boxes:
        cut = frame.level(1).depth_m[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1]
        z = float(centre[2])
        if (cut > 0).any():
            # Its surface is measured; its centre lies behind that.
            z = float(np.median(cut[cut > 0])) + 0.25 * mesh.diameter_m
        u, v = (x0 + x1) / 2 - K[0, 2], (y0 + y1) / 2 - K[1, 2]
        shift = np.array([u / K[0, 0], v / K[1, 1], 1.0]) * z - centre
        moved.append(apply_motion(base, np.concatenate([shift, np.zeros(3)]), centre))
    return moved
