"""Two paths of one camera, from its file and from the room it saw, laid onto each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import make_se3, transform_points

Floats = NDArray[np.float64]

TURNS = 3
OUTLIERS, LEAST_M = 3.0, 0.005
"""Frames that are so many medians apart, and so far, are left out of the fit."""
AT = np.array([[0, 0, 0], [0, 0, 1], [0.5, 0, 1], [0, 0.5, 1.0]])
"""The camera and what it looks at, in its own frame and times the distance."""
FACTOR_TURNS = 8
WORST = 0.9
"""A tenth of the frames may be farther off: a median would be blind to half of them."""


@dataclass(frozen=True)
class Fit:
    """How one path lies in the other's frame."""

    T_file_room: Floats
    """(4, 4)."""
    off_m: Floats
    """(n,) how far what the camera looks at is apart."""

    @property
    def worst_m(self) -> float:
        """Most frames are nearer."""
        return float(np.quantile(self.off_m, WORST))


def fit_paths(T_file_cam: Floats, T_room_cam: Floats, ahead_m: float) -> Fit:
    """The rigid transform that brings both together, in the frames that agree.

    Args:
        T_file_cam: (n, 4, 4) in metres.
        T_room_cam: (n, 4, 4) of the same frames.
        ahead_m: how far away the camera looks.
    """
    at = AT * ahead_m
    in_file, in_room = transform_points(T_file_cam, at), transform_points(T_room_cam, at)
    kept = np.ones(len(T_file_cam), bool)
    T, off_m = np.eye(4), np.zeros(len(T_file_cam))
    for _ in range(TURNS):
        T = _laid(in_room[kept].reshape(-1, 3), in_file[kept].reshape(-1, 3))
        off_m = np.linalg.norm(transform_points(T, in_room[:, 1]) - in_file[:, 1], axis=1)
        kept = off_m <= max(OUTLIERS * float(np.median(off_m)), LEAST_M)
    return Fit(T, off_m)


def fit_factor(T_file_cam: Floats, T_room_cam: Floats, ahead_m: float) -> float:
    """What the file's lengths are to be multiplied with, to come nearest to the room's.

    How the paths are turned to each other the cameras' own turns tell, whatever the lengths; then
    turn and factor are found in turns, by all that the camera looks at.
    """
    at = AT * ahead_m
    turns = T_file_cam[:, :3, :3] @ np.swapaxes(T_room_cam[:, :3, :3], 1, 2)
    R = _rotation(turns.sum(axis=0))
    t = T_file_cam[:, :3, 3] - T_file_cam[:, :3, 3].mean(axis=0)
    squares = len(at) * float((t**2).sum())
    if squares == 0:
        return 1.0
    in_room = transform_points(T_room_cam, at)
    ahead = at @ np.swapaxes(T_file_cam[:, :3, :3], 1, 2)
    factor = 1.0
    for _ in range(FACTOR_TURNS):
        rest = in_room @ R.T - ahead
        factor = float((t[:, None] * (rest - rest.mean(axis=(0, 1)))).sum()) / squares
        in_file = ahead + factor * T_file_cam[:, None, :3, 3]
        R = _laid(in_room.reshape(-1, 3), in_file.reshape(-1, 3))[:3, :3]
    return factor


def _laid(points: Floats, onto: Floats) -> Floats:
    """The rigid transform (4, 4) of points (n, 3) onto others (Kabsch 1976)."""
    a, b = points.mean(axis=0), onto.mean(axis=0)
    R = _rotation((onto - b).T @ (points - a))
    return make_se3(R, b - R @ a)


def _rotation(M: Floats) -> Floats:
    """The rotation (3, 3) nearest to a matrix."""
    U, _, Vt = np.linalg.svd(M)
    return U @ np.diag([1, 1, np.sign(np.linalg.det(U @ Vt))]) @ Vt


def shifted(T_file_cam: Floats, T_room_cam: Floats, frames: int) -> tuple[Floats, Floats]:
    """The pairs where the file's poses are those of so many frames later."""
    n = len(T_file_cam)
    in_file = slice(max(0, frames), max(0, n + min(0, frames)))
    return T_file_cam[in_file], T_room_cam[max(0, -frames) : max(0, n - max(0, frames))]
