"""A world without a robot: its origin on the table under the object, said to be a guess."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3

from .support_plane import Plane

Floats = NDArray[np.float64]

GUESS = (
    "world: table is a guess: the origin is on the table under the object at frame init_frame, z "
    "out of the table, x away from the camera. Where the robot stands nobody said: simulation "
    "takes its base for that origin, so give its place (board, tags or camera) before a policy is "
    "trained"
)


def table_world(plane: Plane | None, object_cam: Floats | None, notes: list[str]) -> Floats:
    """``T_world_cam`` (4, 4) of that world.

    Args:
        plane: on which the object stands.
        object_cam: the object's middle (3,) in the camera's frame.
        notes: receives that it is a guess.

    Raises:
        BadInputError: without a plane, or without depth on the object.
    """
    if plane is None or object_cam is None:
        what = "no plane around the object" if plane is None else "no depth on the object"
        raise BadInputError(
            f"world: table needs the table in the depth image, and frame init_frame shows {what}. "
            "Choose another frame or box, or say where the camera stands (camera, or board)."
        )
    z = plane.normal_cam
    origin = object_cam - plane.height_m(object_cam) * z
    # A camera that looks straight down has no forward; up in its picture is taken then.
    forward = np.array([0.0, 0, 1]) if abs(z[2]) < 0.98 else np.array([0.0, -1, 0])
    x = forward - (forward @ z) * z
    x /= np.linalg.norm(x)
    R_world_cam = np.stack([x, np.cross(z, x), z])
    notes.append(GUESS)
    return make_se3(R_world_cam, -R_world_cam @ origin)
