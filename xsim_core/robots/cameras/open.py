"""Which camera a word names, and where it stands."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from xsim_core.capture.place.matrix_file import read_matrix
from xsim_core.capture.place.rigid import stated_pose, turned
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.errors import BadInputError

from .camera import Camera

NAMES = ("realsense", "realsense:SERIAL")


def open_camera(name: str) -> Camera:
    """The camera; nothing is connected yet.

    Raises:
        BadInputError: for the name of none.
    """
    kind, colon, serial = name.partition(":")
    if kind != "realsense" or (colon and not serial.isalnum()):
        raise BadInputError(f"'{name}' names no camera: {' or '.join(NAMES)}.")
    from .realsense import RealSenseCamera

    return RealSenseCamera(serial)


def read_place(path: Path, notes: list[str]) -> NDArray[np.float64]:
    """``T_world_cam`` (4, 4) from a file, as ``camera:`` of a capture takes it.

    Args:
        path: a matrix or pose, camera to robot base, OpenCV axes.
        notes: receives what was guessed or mended.

    Raises:
        BadInputError: when it is none.
    """
    source = f"--camera-pose {path}"
    try:
        spec = CameraSpec(matrix=path.name)
    except ValidationError as error:
        raise BadInputError(f"{source} is no file of a pose.") from error
    return turned(stated_pose(read_matrix(path, notes), spec, source, notes), spec.maps, spec.axes)
