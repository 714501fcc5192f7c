"""xsim_core/sim/encoders.py: an arm whose encoders are off stands beside where it reports to."""

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.sim import SimEnv
from xsim_core.sim.controller import QPOS_REST, forward_kinematics
from xsim_core.sim.encoders import Encoders

OFFSET = (0.01, -0.02, 0.005, 0.015, -0.01, 0.02, 0.03)
QPOS = np.array([*QPOS_REST, 0.03, 0.03])


def test_what_they_say_and_where_the_arm_is_told_to_go_undo_each_other():
    encoders = Encoders(OFFSET)
    said = encoders.joints(QPOS)
    np.testing.assert_allclose(QPOS[:7] - said[:7], OFFSET)
    np.testing.assert_array_equal(said[7:], QPOS[7:])
    np.testing.assert_allclose(encoders.true_targets(said[:7]), QPOS[:7])
    believed = encoders.tcp(QPOS, np.zeros(3))
    np.testing.assert_allclose(believed, forward_kinematics(said[:7])[0][:3, 3])


def test_right_ones_change_nothing():
    encoders, tcp = Encoders(), np.array([0.4, 0.0, 0.1])
    np.testing.assert_array_equal(encoders.joints(QPOS), QPOS)
    assert encoders.tcp(QPOS, tcp) is tcp
    assert encoders.true_targets(QPOS_REST) is QPOS_REST


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    return open_sim(tmp_path_factory.mktemp("sim"))


def test_an_arm_that_is_off_stands_beside_where_it_reports_to_stand(sim):
    """It goes where it is told by its own account, and is off by what the kinematics say."""
    physics = sim.task.physics.model_copy(update={"joint_offset_rad": OFFSET})
    right, off = SimEnv(sim.assets, sim.task), SimEnv(sim.assets, sim.task, physics=physics)
    for env in (right, off):
        env.reset(3)
    np.testing.assert_array_equal(right.env_state(), off.env_state())
    away = right.proprio()[:3] - off.proprio()[:3]
    assert 0.005 < np.linalg.norm(away) < 0.05
    told = off.proprio()[:3]
    for _ in range(8):
        off.step(np.zeros(off.action_dim))
    # Told to stay, it stays by its own account, hand down as it believes; truly it is elsewhere.
    believed, _ = forward_kinematics(off.env_state()[:7].astype(float) - OFFSET)
    np.testing.assert_allclose(off.proprio()[:3], believed[:3, 3], atol=1e-6)
    # (The task's box may lift it a little: its floor is above where arms start.)
    np.testing.assert_allclose(believed[:2, 3], told[:2], atol=3e-3)
    assert believed[2, 2] < -0.9995
    true, _ = forward_kinematics(off.env_state()[:7].astype(float))
    assert 0.005 < np.linalg.norm(true[:3, 3] - told) < 0.05


def test_a_moment_goes_on_with_the_encoders_as_they_are(sim):
    physics = sim.task.physics.model_copy(update={"joint_offset_rad": OFFSET})
    env = SimEnv(sim.assets, sim.task, physics=physics)
    env.reset(0)
    action = np.full(env.action_dim, 0.3)
    for _ in range(3):
        env.step(action)
    moment = env.moment()
    on = [env.step(action).obs for _ in range(4)]
    env.resume(moment)
    again = [env.step(action).obs for _ in range(4)]
    np.testing.assert_allclose(on, again, atol=2e-3)
