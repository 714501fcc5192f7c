"""xsim_core/sim/episode/moment.py: an episode goes on from it as if nothing had happened since."""

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.sim import Physics, SimEnv
from xsim_core.sim.controller import forward_kinematics

PUSH = np.array([0.3, 1.0, -0.5])


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("push"))
    return SimEnv(sim.assets, sim.task, physics=Physics(action_latency_steps=1))


def pushed(env, steps):
    env.reset(3)
    for _ in range(steps):
        env.step(PUSH)
    return env.moment()


def test_what_followed_a_moment_follows_again(env):
    moment, seen = pushed(env, 2), env.observation
    after = [env.step(PUSH).obs for _ in range(4)]
    for _ in range(5):
        env.step(-PUSH)
    np.testing.assert_allclose(env.resume(moment), seen, atol=1e-6)
    again = [env.step(PUSH).obs for _ in range(4)]
    # Gripper, command and object's centre; how it turns in contact hangs on PhysX's caches.
    np.testing.assert_allclose(np.array(again)[:, :9], np.array(after)[:, :9], atol=1e-3)
    assert np.abs(np.diff(again, axis=0)).max() > 5e-3  # It was in motion.


def test_a_corrected_arm_keeps_its_motion_and_the_command_ahead_of_it(env):
    moment, before = pushed(env, 6), env.observation
    lead = before[3:6]
    assert np.linalg.norm(lead) > 2e-3
    qpos = moment.qpos.copy()
    qpos[0] += 0.02
    pose = moment.T_world_object.copy()
    pose[0, 3] += 0.01
    obs = env.correct(qpos, pose)
    np.testing.assert_allclose(obs[:3], forward_kinematics(qpos[:7])[0][:3, 3], atol=2e-5)
    np.testing.assert_allclose(obs[3:6], lead, atol=2e-5)
    np.testing.assert_allclose(env.T_world_object, pose, atol=1e-6)
    np.testing.assert_allclose(env.moment().qvel, moment.qvel, atol=1e-6)
    assert len(env.moment().pending) == len(moment.pending) == 1
    np.testing.assert_allclose(env.correct(qpos)[6:9], obs[6:9], atol=1e-6)


def test_waypoints_that_the_corrected_object_has_reached_are_behind_it(env):
    moment = pushed(env, 1)
    assert env.waypoint_index == 0
    env.correct(moment.qpos, env.assets.waypoints[1])
    assert env.waypoint_index == 2
    env.correct(moment.qpos, moment.T_world_object)
    assert env.waypoint_index == 2  # Never back.
    env.resume(moment)
    assert env.waypoint_index == 0
