"""The world of a camera's path as its file has it, turned upright where another axis is up."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.camera_pose import (
    MAX_LEAN_RAD,
    SAID_LEAN_RAD,
    USUAL_HEIGHT_M,
    lean_rad,
    table_height_m,
)
from xsim_core.capture.place.support_plane import Plane
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3

Floats = NDArray[np.float64]

# Rows: the upright world's axes in the file's; each keeps as many axes as it can.
UPRIGHT = {
    "z": np.eye(3),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "-x": np.array([[0.0, -1, 0], [0, 0, 1], [-1, 0, 0]]),
    "-z": np.diag([1.0, -1.0, -1.0]),
}


def file_world(T_file_cam: Floats, plane: Plane | None, notes: list[str]) -> Floats:
    """``T_world_file`` (4, 4): the file's own frame, its up made z.

    Args:
        T_file_cam: (4, 4) of the frame in which the object is boxed.
        plane: of the table that this frame shows.
        notes: receives which axis is up and where the table comes to lie.

    Raises:
        BadInputError: when the table is level along none of its axes, or none is seen.
    """
    if plane is None:
        raise BadInputError(
            "world: file needs the table in frame init_frame, which tells whether the file's z is "
            "up, and no plane is seen around the object. Choose another frame or box."
        )
    turns = {axis: make_se3(R, np.zeros(3)) for axis, R in UPRIGHT.items()}
    leans = {axis: lean_rad(T @ T_file_cam, plane) for axis, T in turns.items()}
    axis = min(leans, key=lambda a: leans[a])
    if leans[axis] > MAX_LEAN_RAD:
        raise BadInputError(
            "world: file: the table leans by "
            f"{np.rad2deg(leans['z']):.0f}° from the file's z, and by "
            f"{np.rad2deg(leans[axis]):.0f}° or more from each of its axes: its frame is not "
            "upright, as where a recorder counts from its first frame. Use `world: table`, a "
            "board, tags or `camera`."
        )
    T_world_file = turns[axis]
    height_m = table_height_m(T_world_file @ T_file_cam, plane)
    told = (
        "world: file takes the origin of camera_path for the robot's base: the table is at "
        f"{height_m:+.2f} m"
    )
    if axis != "z":
        told += f"; the file's {axis} is up and was made z"
    if leans[axis] > SAID_LEAN_RAD:
        told += f"; the table leans by {np.rad2deg(leans[axis]):.1f}°"
    if abs(height_m) > USUAL_HEIGHT_M:
        told += "; no robot stands so beside it: is that origin its base?"
    notes.append(told)
    return T_world_file
