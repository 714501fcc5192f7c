"""From the numbers of a calibration to ``T_world_cam``: what is no pose is refused or mended."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3

from .spec import Axes, CameraSpec, LengthUnit, Maps, PathAxes

Floats = NDArray[np.float64]

FARTHEST_M = 20.0
"""Farther from the robot's base no camera stands that is to see its table."""
SURELY_MM = 300.0
"""From here on a translation can be no centimetres: those would be three metres and more."""
METRES: Mapping[LengthUnit, float] = {"m": 1.0, "mm": 1e-3, "cm": 1e-2}
ROUNDED = 2e-3
BENT = 2e-2

_R_AXES_OPENCV: Mapping[PathAxes, Floats] = {
    "opencv": np.eye(3),
    "opengl": np.diag([1.0, -1.0, -1.0]),
    "ros_link": np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]]),
    # Of a picture that was turned so after the camera with OpenGL's axes took it.
    "opengl_clockwise": np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]]),
    "opengl_counterclockwise": np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]]),
}
"""Columns: the OpenCV camera's x, y and z in the axes that a calibration used."""


def stated_pose(numbers: Floats, spec: CameraSpec, source: str, notes: list[str]) -> Floats:
    """The rigid transform (4, 4) that a person stated, in metres, not yet turned as ``spec`` says.

    Args:
        numbers: (4, 4), (3, 4), (16,) or (12,).
        spec: which says the unit, where a person does.
        source: how the numbers are called in sentences.
        notes: receives what was mended.

    Raises:
        BadInputError: for a mirror, a scale, a shear, or a translation that is none.
    """
    T = _rows(numbers, source, notes)
    R = _rotation(T[:3, :3], source, notes)
    return make_se3(R, _metres(T[:3, 3], spec.unit, source, notes))


def turned(T: Floats, maps: Maps, axes: Axes) -> Floats:
    """``T_world_cam`` (4, 4) of a stated transform that maps so and whose camera has such axes."""
    T_world_axes = T if maps == "camera_to_base" else inverse_se3(T)
    return T_world_axes @ make_se3(_R_AXES_OPENCV[axes], np.zeros(3))


def axes_rotation(axes: PathAxes) -> Floats:
    """(3, 3) whose columns are the OpenCV camera's x, y and z in those axes."""
    return _R_AXES_OPENCV[axes]


def _rows(numbers: Floats, source: str, notes: list[str]) -> Floats:
    """Four rows, the last 0 0 0 1; what was written column by column is turned."""
    M = numbers.reshape(-1, 4)
    if len(M) == 3:
        by_column = numbers.ndim == 1 and not _is_rotation(M[:, :3])
        if not (by_column and _is_rotation(numbers.reshape(4, 3)[:3])):
            return np.vstack([M, [0, 0, 0, 1]])
        notes.append(f"{source} is written column by column: it was turned")
        return np.vstack([numbers.reshape(4, 3).T, [0, 0, 0, 1]])
    last = np.array([0, 0, 0, 1.0])
    by_row, by_column = (np.allclose(v, last, atol=1e-6) for v in (M[3], M[:, 3]))
    if by_row and by_column:
        raise BadInputError(
            f"{source} has no translation: it would put the camera into the robot's base. Give the "
            "camera's pose, not its rotation."
        )
    if by_column:
        notes.append(
            f"{source} is written column by column (its translation is the last row): it was turned"
        )
        return M.T.copy()
    if not by_row:
        raise BadInputError(f"{source}: the last row is {M[3].tolist()}; it is 0 0 0 1")
    return M.copy()


def _is_rotation(R: Floats) -> bool:
    return bool(np.abs(R @ R.T - np.eye(3)).max() < BENT)


def _rotation(R: Floats, source: str, notes: list[str]) -> Floats:
    det = float(np.linalg.det(R))
    if abs(det) < 1e-12:
        raise BadInputError(f"{source}: its 3x3 part is no rotation (determinant {det:.3g})")
    scale = abs(det) ** (1 / 3)
    bent = float(np.abs(R @ R.T / scale**2 - np.eye(3)).max())
    if bent > BENT:
        raise BadInputError(
            f"{source}: its 3x3 part is no rotation (its axes are {bent:.2g} off being at right "
            "angles and of one length). Was it typed off by hand?"
        )
    if det < 0:
        raise BadInputError(
            f"{source} mirrors (determinant {det / scale**3:.0f}): one axis has the wrong sign, as "
            "when a left-handed frame was exported. No turning mends that: calibrate again, or "
            "negate the axis that is known to be wrong."
        )
    if abs(scale - 1) > 0.01:
        raise BadInputError(
            f"{source} has a scale of {scale:.4g} in its rotation. Divide its first three columns "
            "by that, and check the unit of the fourth."
        )
    if max(bent, abs(scale - 1)) > ROUNDED:
        notes.append(
            f"{source}: its rotation is {max(bent, abs(scale - 1)):.1g} off; the nearest "
            "one is taken"
        )
    U, _, Vt = np.linalg.svd(R)
    return U @ Vt


def _metres(t: Floats, unit: LengthUnit | None, source: str, notes: list[str]) -> Floats:
    length = float(np.linalg.norm(t))
    if unit is not None:
        t, length = t * METRES[unit], length * METRES[unit]
        if length > FARTHEST_M:
            raise BadInputError(f"{source} puts the camera {length:.0f} m from the robot")
        return t
    if length <= FARTHEST_M:
        return t
    if SURELY_MM <= length <= FARTHEST_M / METRES["mm"]:
        notes.append(f"{source}: its translation of {length:.0f} is taken as millimetres")
        return t * METRES["mm"]
    raise BadInputError(
        f"{source} puts the camera {length:.0f} m from the robot. Is that millimetres or "
        "centimetres? State `unit: mm` or `unit: cm`, or write metres."
    )
