"""The video camera's pose from a stated matrix, its direction checked with the table it sees."""

import itertools
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import transform_points

from .matrix_file import read_matrix
from .rigid import stated_pose, turned
from .shapes import shaped
from .spec import Axes, CameraSpec, Maps
from .support_plane import Plane

Floats = NDArray[np.float64]

MAX_LEAN_RAD = np.deg2rad(15)
"""A table that leans more than this in the robot's frame is taken for a wrong matrix."""
SAID_LEAN_RAD = np.deg2rad(3)
USUAL_HEIGHT_M = 0.12
"""Most robots stand on the table that they work on, or on a plate or low pedestal beside it."""
REACH_M = 1.3
"""Robots of this project's size reach no farther."""


def camera_in_world(
    spec: CameraSpec,
    folder: Path,
    plane: Plane | None,
    object_cam: Floats | None,
    notes: list[str],
) -> Floats:
    """``T_world_cam`` (4, 4).

    Args:
        spec: as ``capture.yaml`` says it.
        folder: of the capture; the matrix's file is relative to it.
        plane: of the table as the camera sees it; None leaves the direction unchecked.
        object_cam: the object's middle (3,) in the camera's frame.
        notes: receives what was mended, and where the object comes to lie.

    Raises:
        BadInputError: when it is no pose, or the table would lean or hang over the camera.
    """
    if isinstance(spec.matrix, str):
        source = f"camera: {spec.matrix}"
        numbers = read_matrix(folder / spec.matrix, notes, key=spec.key)
    else:
        source = "camera: the matrix in capture.yaml"
        numbers = shaped(spec.matrix, source)
    stated = stated_pose(numbers, spec, source, notes)
    T_world_cam = turned(stated, spec.maps, spec.axes)
    if plane is None:
        notes.append(f"{source}: unchecked, as no table is seen around the object")
    elif (lean := lean_rad(T_world_cam, plane)) > MAX_LEAN_RAD:
        raise BadInputError(_refusal(source, stated, spec, plane, lean))
    elif lean > SAID_LEAN_RAD:
        notes.append(
            f"{source}: with it the table leans by {np.rad2deg(lean):.1f}°; it is to be "
            "level in the robot's frame"
        )
    if plane is not None:
        _check_direction(source, stated, spec, plane, notes)
    if object_cam is not None:
        notes.append(_told(source, T_world_cam, object_cam))
    return T_world_cam


def _check_direction(
    source: str, stated: Floats, spec: CameraSpec, plane: Plane, notes: list[str]
) -> None:
    """Seen from the robot's side, or straight from above, the inverse keeps the table level too.

    Then its height over the robot's base tells, and where that does not, a person is asked.

    Raises:
        BadInputError: when the table lies where robots stand in the other direction only.
    """
    if "maps" in spec.model_fields_set:
        return
    other: Maps = "base_to_camera" if spec.maps == "camera_to_base" else "camera_to_base"
    T_given, T_other = (turned(stated, maps, spec.axes) for maps in (spec.maps, other))
    if lean_rad(T_other, plane) > MAX_LEAN_RAD:
        return
    given_m, other_m = (table_height_m(T, plane) for T in (T_given, T_other))
    told = f"{source} puts the table {given_m:+.2f} m from the height of the robot's base"
    mend = f"inverted (`maps: {other}`) {other_m:+.2f} m"
    if abs(given_m) > USUAL_HEIGHT_M and abs(other_m) < 0.5 * abs(given_m):
        raise BadInputError(f"{told}, {mend}. If it is right as it is, state `maps: {spec.maps}`.")
    notes.append(f"{told}, {mend}: both can be; state `maps` in camera to say that you are sure")


def table_height_m(T_world_cam: Floats, plane: Plane) -> float:
    """Height of the plane in the world, straight below the camera along its normal."""
    return float(transform_points(T_world_cam, -plane.offset_m * plane.normal_cam[None])[0, 2])


def lean_rad(T_world_cam: Floats, plane: Plane) -> float:
    """Angle between the plane's normal and the world's z; over 90° the camera is below it."""
    return float(np.arccos(np.clip((T_world_cam[:3, :3] @ plane.normal_cam)[2], -1, 1)))


def _refusal(source: str, stated: Floats, spec: CameraSpec, plane: Plane, lean: float) -> str:
    fault = (
        "puts the camera below the table that it looks at"
        if lean > np.pi / 2
        else f"makes the table lean by {np.rad2deg(lean):.0f}°"
    )
    choices = itertools.product(get_args(Maps), get_args(Axes))
    fits = [
        (maps, axes)
        for maps, axes in choices
        if lean_rad(turned(stated, maps, axes), plane) <= MAX_LEAN_RAD
    ]
    mend = " or ".join(_mend(maps, axes, spec) for maps, axes in fits)
    return f"{source} {fault}. " + (
        f"It fits {mend}."
        if fits
        else "No direction and no usual axes mend that: is it of this camera and this robot?"
    )


def _mend(maps: Maps, axes: Axes, spec: CameraSpec) -> str:
    """What to state instead, in words."""
    words: list[str] = []
    if maps != spec.maps:
        words.append(f"inverted (`maps: {maps}`)")
    if axes != spec.axes:
        words.append(f"with the camera's axes as `axes: {axes}`")
    return " and ".join(words)


def _told(source: str, T_world_cam: Floats, object_cam: Floats) -> str:
    x, y, z = transform_points(T_world_cam, object_cam[None])[0]
    far = float(np.hypot(x, y))
    where = f"{source} puts the object at x {x:.2f}, y {y:.2f}, z {z:.2f} m from the robot's base"
    if far > REACH_M:
        return f"{where}: out of reach of most arms. Is it this robot's matrix, and in metres?"
    return f"{where} (behind it)" if x < -0.1 else where
