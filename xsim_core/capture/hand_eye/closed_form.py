"""AX = XB in closed form, and which of two half turns each picture of a symmetric board shows."""

import itertools

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import inverse_se3, make_se3, so3_log

Floats = NDArray[np.float64]


def park_martin(T_a_hand: Floats, T_cam_board: Floats) -> Floats:
    """``T_hand_cam`` (4, 4) from all pairs of n poses (n, 4, 4) each.

    Park & Martin, Robot sensor calibration: solving AX = XB on the Euclidean group, 1994.
    """
    i, j = np.array(list(itertools.combinations(range(len(T_a_hand)), 2))).T
    A = inverse_se3(T_a_hand[j]) @ T_a_hand[i]
    B = T_cam_board[j] @ inverse_se3(T_cam_board[i])
    alpha, beta = so3_log(A[:, :3, :3]), so3_log(B[:, :3, :3])
    U, _, Vt = np.linalg.svd(alpha.T @ beta)
    R = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt
    left = (A[:, :3, :3] - np.eye(3)).reshape(-1, 3)
    right = (B[:, :3, 3] @ R.T - A[:, :3, 3]).ravel()
    return make_se3(R, np.linalg.lstsq(left, right, rcond=None)[0])


def spread_of_axes_rad(T_a_hand: Floats) -> float:
    """How far the hand turned about a second axis: 0 where all motions share one (or none)."""
    i, j = np.array(list(itertools.combinations(range(len(T_a_hand)), 2))).T
    turns = so3_log(np.swapaxes(T_a_hand[j, :3, :3], 1, 2) @ T_a_hand[i, :3, :3])
    return float(np.linalg.svd(turns / np.sqrt(len(turns)), compute_uv=False)[1])


def half_turns(T_a_hand: Floats, T_cam_board: Floats, T_half: Floats) -> NDArray[np.bool_]:
    """Which pictures (n,) see the board turned by ``T_half`` (4, 4) against the others.

    The hand and the camera turn by the same angle between two pictures: each pair votes for the
    same or the other half turn, and the leading eigenvector of the votes is their verdict, so that
    single wrong poses do not turn the rest.
    """
    T_turned = T_cam_board @ T_half
    by_hand = _angles(T_a_hand, T_a_hand, is_hand=True)
    same = np.abs(_angles(T_cam_board, T_cam_board) - by_hand)
    other = np.abs(_angles(T_turned, T_cam_board) - by_hand)
    votes = np.clip(other - same, -0.2, 0.2)
    np.fill_diagonal(votes, 0)
    leading = np.linalg.eigh(votes + votes.T)[1][:, -1]
    turned = leading * leading[np.abs(leading).argmax()] < 0
    return turned if turned.sum() <= len(turned) / 2 else ~turned


def _angles(T: Floats, T_other: Floats, *, is_hand: bool = False) -> Floats:
    """Angles (n, n) in radians of the motions between poses (n, 4, 4)."""
    R, R_other = T[:, :3, :3], T_other[:, :3, :3]
    form = "iab,jac->ijbc" if is_hand else "iab,jcb->ijac"
    traces = np.trace(np.einsum(form, R, R_other), axis1=2, axis2=3)
    return np.arccos(np.clip((traces - 1) / 2, -1, 1))
