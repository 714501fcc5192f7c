"""Why no driver takes joint targets (decision 017): limits of the TCP say nothing of the elbow."""

import numpy as np

from xsim_core.sim.controller import LINK_OFFSETS, QPOS_REST, forward_kinematics, inverse_kinematics

JOINT_SPEED = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
"""rad/s that a Panda's joints reach (Franka Control Interface documentation)."""
ELBOW = 4
"""Joints up to and with the elbow's."""


def elbow(q):
    T = np.eye(4)
    for angle, offset in zip(q[:ELBOW], LINK_OFFSETS[:ELBOW], strict=True):
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        T = T @ offset @ turn
    return T[:3, 3]


def null_direction(q):
    """(7,) joint speeds that leave the TCP and its turning alone, as fast as the joints go."""
    _, J = forward_kinematics(q)
    direction = np.linalg.svd(J)[2][-1]
    return direction * (JOINT_SPEED / np.abs(direction)).min()


def test_joints_that_move_at_full_speed_may_leave_the_tcp_where_it_is():
    """Forward kinematics lets an elbow through that is faster than a TCP may be, 0.3 m/s."""
    dt = 1e-3
    rng, fastest, tcp_moved = np.random.default_rng(0), 0.0, 0.0
    for _ in range(50):
        q = QPOS_REST + rng.uniform(-0.3, 0.3, 7)
        step = null_direction(q) * dt
        fastest = max(fastest, float(np.linalg.norm(elbow(q + step) - elbow(q)) / dt))
        T, after = forward_kinematics(q)[0], forward_kinematics(q + step)[0]
        tcp_moved = max(tcp_moved, float(np.linalg.norm(after[:3, 3] - T[:3, 3]) / dt))
    assert tcp_moved < 0.01
    assert 0.35 < fastest < 0.4


def test_a_straight_way_in_joints_is_none_in_space():
    """Two targets in the box may lie on a way that leaves it."""
    a = inverse_kinematics(np.array([0.45, -0.25, 0.05]), 0.0)
    b = inverse_kinematics(np.array([0.45, 0.25, 0.05]), 0.0)
    way = [forward_kinematics(a + t * (b - a))[0][:3, 3] for t in np.linspace(0, 1, 50)]
    off = np.array(way) - np.array([0.45, 0, 0.05])
    assert np.abs(off[:, [0, 2]]).max() > 0.02
