"""xsim_core/sim/controller.py: commands add up, stay in the box and near the hand."""

import numpy as np
import pytest

from tests.checking import shapes_checked
from xsim_core.sim import controller
from xsim_core.sim.controller import (
    FINGER_OPEN_M,
    FINGER_SQUEEZE_M,
    QPOS_REST,
    EndEffectorController,
    dls_step,
    forward_kinematics,
    gripper_down,
    inverse_kinematics,
    tcp_yaw,
)

shapes = shapes_checked(controller)

Q = inverse_kinematics(np.array([0.5, 0.0, 0.2]), 0.3)
TCP = forward_kinematics(Q)[0][:3, 3]


def controller(names=("dx", "dy", "dz"), *, lead_m=0.05, box_m=1.0):
    made = EndEffectorController(
        low=TCP - box_m,
        high=TCP + box_m,
        position_scale_m=0.01,
        yaw_scale_rad=0.1,
        lead_m=lead_m,
        action_names=names,
    )
    made.reset(Q, finger_m=0.02)
    return made


def test_it_starts_at_the_measured_hand():
    made = controller()
    np.testing.assert_allclose(made.position, TCP)
    assert made.yaw == pytest.approx(0.3, abs=1e-4)
    assert made.finger_m == 0.02


def test_commands_add_up_even_where_the_hand_sags():
    made, action = controller(), np.array([1.0, -0.5, 0.0])
    for _ in range(3):
        made.command(action, TCP - [0, 0, 0.005])
    np.testing.assert_allclose(made.position - TCP, [0.03, -0.015, 0], atol=1e-12)
    np.testing.assert_allclose(
        controller_after(action, gain=0.5) - TCP, [0.005, -0.0025, 0], atol=1e-12
    )


def controller_after(action, *, gain):
    made = controller()
    made.command(action, TCP, gain=gain)
    return made.position


def test_the_command_leads_a_stuck_hand_by_so_much_and_no_more():
    made = controller(lead_m=0.02)
    for _ in range(30):
        made.command(np.array([1.0, 1.0, 0.0]), TCP)
    lead = made.position - TCP
    assert np.linalg.norm(lead) == pytest.approx(0.02)
    np.testing.assert_allclose(lead[0], lead[1])


def test_the_command_stays_in_the_box():
    made = controller(box_m=0.015, lead_m=1.0)
    for _ in range(5):
        made.command(np.array([1.0, -1.0, 0.2]), TCP)
    np.testing.assert_allclose(made.position - TCP, [0.015, -0.015, 0.01], atol=1e-12)


@pytest.mark.parametrize(
    "names", [("dx", "dy", "dz", "dyaw", "gripper"), ("dx", "dy", "dz", "gripper")]
)
def test_the_gripper_opens_at_1_and_squeezes_at_minus_1_wherever_its_entry_is(names):
    made = controller(names)
    for value, width in ((1.0, FINGER_OPEN_M), (-1.0, FINGER_SQUEEZE_M), (0.0, 0.015)):
        action = np.zeros(len(names))
        action[-1] = value
        made.command(action, TCP)
        assert made.finger_m == pytest.approx(width)
    assert made.yaw == pytest.approx(0.3, abs=1e-4)


def test_yaw_adds_up_and_what_does_not_move_keeps_still():
    made = controller(("dx", "dy", "dz", "dyaw"))
    for _ in range(4):
        made.command(np.array([0, 0, 0, -1.0]), TCP)
    assert made.yaw == pytest.approx(0.3 - 0.4, abs=1e-4)
    assert made.finger_m == 0.02
    np.testing.assert_allclose(made.position, TCP)


def test_following_its_targets_the_hand_arrives():
    made, tcp = controller(("dx", "dy", "dz", "dyaw")), TCP
    for _ in range(10):
        q = made.command(np.array([0.5, 1.0, -0.5, 0.5]), tcp)
        tcp = forward_kinematics(q)[0][:3, 3]
    for _ in range(20):
        q = made.command(np.zeros(4), tcp)
        tcp = forward_kinematics(q)[0][:3, 3]
    T, _ = forward_kinematics(q)
    np.testing.assert_allclose(T[:3, 3], TCP + np.array([0.05, 0.1, -0.05]), atol=1e-3)
    assert tcp_yaw(T[:3, :3]) == pytest.approx(0.8, abs=5e-3)
    np.testing.assert_allclose(T[:3, 2], [0, 0, -1], atol=5e-3)


@pytest.mark.parametrize("yaw", [-3.0, -1.2, 0.0, 0.7, 3.1])
def test_yaw_is_read_back_from_a_hand_that_points_down(yaw):
    R = gripper_down(yaw)
    assert tcp_yaw(R) == pytest.approx(yaw)
    np.testing.assert_allclose(R @ [0, 0, 1], [0, 0, -1], atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)


def test_a_step_lessens_the_error_and_respects_the_joints():
    q, R = QPOS_REST.copy(), gripper_down(0.5)
    errors = []
    for _ in range(6):
        q, error = dls_step(q, np.array([0.55, 0.1, 0.15]), R)
        errors.append(error)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02 * errors[0]
