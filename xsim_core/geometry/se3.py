"""SO(3) and SE(3) on batches of matrices. Leading axes broadcast; tangents are (v, omega)."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .arrays import SE3, SO3, Angles, ArrayLike, Points, Quat, Twist, Vectors3

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation


@cache
def _rotation() -> "type[Rotation]":
    """SciPy's rotations, loaded when one is first computed: they take longer than all else here."""
    from scipy.spatial.transform import Rotation

    return Rotation


def so3_exp(omega: ArrayLike) -> SO3:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) in radians."""
    omega = np.asarray(omega, dtype=np.float64)
    flat = _rotation().from_rotvec(omega.reshape(-1, 3)).as_matrix()
    return flat.reshape(*omega.shape[:-1], 3, 3)


def so3_log(R: ArrayLike) -> Vectors3:
    """Rotation vectors (..., 3) in radians of rotation matrices (..., 3, 3); angle in [0, pi]."""
    R = np.asarray(R, dtype=np.float64)
    flat = _rotation().from_matrix(R.reshape(-1, 3, 3)).as_rotvec()
    return flat.reshape(*R.shape[:-2], 3)


def quat_wxyz_to_matrix(quat_wxyz: ArrayLike) -> SO3:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4), normalised here; raises on zeros."""
    quat_wxyz = np.asarray(quat_wxyz, dtype=np.float64)
    flat = _rotation().from_quat(quat_wxyz.reshape(-1, 4), scalar_first=True).as_matrix()
    return flat.reshape(*quat_wxyz.shape[:-1], 3, 3)


def matrix_to_quat_wxyz(R: ArrayLike) -> Quat:
    """Unit quaternions (..., 4) with w >= 0 of rotation matrices (..., 3, 3)."""
    R = np.asarray(R, dtype=np.float64)
    flat = _rotation().from_matrix(R.reshape(-1, 3, 3)).as_quat(scalar_first=True, canonical=True)
    return flat.reshape(*R.shape[:-2], 4)


def make_se3(R: ArrayLike, t: ArrayLike) -> SE3:
    """Homogeneous matrices (..., 4, 4) of rotations (..., 3, 3) and translations (..., 3) in m."""
    R, t = np.asarray(R, dtype=np.float64), np.asarray(t, dtype=np.float64)
    batch = np.broadcast_shapes(R.shape[:-2], t.shape[:-1])
    T = np.zeros((*batch, 4, 4))
    T[..., :3, :3], T[..., :3, 3], T[..., 3, 3] = R, t, 1.0
    return T


def se3_from_pos_quat(position: ArrayLike, quat_wxyz: ArrayLike) -> SE3:
    """Homogeneous matrices (..., 4, 4) of positions (..., 3) in m and quaternions (..., 4)."""
    return make_se3(quat_wxyz_to_matrix(quat_wxyz), position)


def se3_to_pos_quat(T: ArrayLike) -> tuple[Vectors3, Quat]:
    """Positions (..., 3) in m and wxyz quaternions (..., 4) of matrices (..., 4, 4)."""
    T = np.asarray(T, dtype=np.float64)
    return T[..., :3, 3].copy(), matrix_to_quat_wxyz(T[..., :3, :3])


def inverse_se3(T: ArrayLike) -> SE3:
    """Inverse of rigid transforms (..., 4, 4), exact for orthonormal rotations."""
    T = np.asarray(T, dtype=np.float64)
    R_t = np.swapaxes(T[..., :3, :3], -1, -2)
    return make_se3(R_t, -(R_t @ T[..., :3, 3:])[..., 0])


def transform_points(T_a_b: ArrayLike, points_b: ArrayLike) -> Points:
    """Points (..., n, 3) of frame b, in frame a."""
    T_a_b, points_b = np.asarray(T_a_b, float), np.asarray(points_b, float)
    return points_b @ np.swapaxes(T_a_b[..., :3, :3], -1, -2) + T_a_b[..., None, :3, 3]


def rotation_angle(R_a: ArrayLike, R_b: ArrayLike) -> Angles:
    """Geodesic angle (...) in radians between rotations (..., 3, 3)."""
    R_a, R_b = np.asarray(R_a, dtype=np.float64), np.asarray(R_b, dtype=np.float64)
    return np.linalg.norm(so3_log(np.swapaxes(R_a, -1, -2) @ R_b), axis=-1)


def _left_jacobian(omega: Vectors3) -> SO3:
    """Left Jacobian (..., 3, 3) of SO(3): Barfoot, State Estimation for Robotics, eq. 7.77."""
    theta = np.linalg.norm(omega, axis=-1)[..., None, None]
    small = theta < 1e-6
    safe = np.where(small, 1.0, theta)
    a = np.where(small, 0.5 - theta**2 / 24, (1 - np.cos(safe)) / safe**2)
    b = np.where(small, 1 / 6 - theta**2 / 120, (safe - np.sin(safe)) / safe**3)
    W = _hat(omega)
    return np.eye(3) + a * W + b * (W @ W)


def _hat(omega: Vectors3) -> SO3:
    x, y, z = np.moveaxis(omega, -1, 0)
    zero = np.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return np.stack(rows, axis=-1).reshape(*omega.shape[:-1], 3, 3)


def se3_exp(xi: ArrayLike) -> SE3:
    """Rigid transforms (..., 4, 4) of tangents (..., 6) = (v in m, omega in rad)."""
    xi = np.asarray(xi, dtype=np.float64)
    v, omega = xi[..., :3], xi[..., 3:]
    return make_se3(so3_exp(omega), (_left_jacobian(omega) @ v[..., None])[..., 0])


def se3_log(T: ArrayLike) -> Twist:
    """Tangents (..., 6) = (v in m, omega in rad) of rigid transforms (..., 4, 4)."""
    T = np.asarray(T, dtype=np.float64)
    omega = so3_log(T[..., :3, :3])
    v = np.linalg.solve(_left_jacobian(omega), T[..., :3, 3:])[..., 0]
    return np.concatenate([v, omega], axis=-1, dtype=np.float64)
