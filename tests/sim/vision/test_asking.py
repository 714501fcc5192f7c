"""xsim_core/sim/vision/asking.py: the teacher's chunk from a moment, which is left as it was."""

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.policies.teacher import TeacherActor
from xsim_core.sim.env import SimEnv
from xsim_core.sim.vision.asking import STEPS_AFTER_SUCCESS, Ask, asked, asked_beside

TCP, LEAD, OBJECT, AHEAD = slice(0, 3), slice(3, 6), slice(6, 9), slice(20, 23)
"""Where the privileged observation holds the gripper, the command ahead of it, the object, and the
way from there to the waypoint ahead."""


def leaning_teacher(obs_dim):
    """Goes behind the object and pushes; leans on where the command is, so that must be right."""
    weight = np.zeros((3, obs_dim), np.float32)
    for i in range(3):
        weight[i, TCP.start + i], weight[i, OBJECT.start + i] = -6.0, 6.0
        weight[i, LEAD.start + i], weight[i, AHEAD.start + i] = 20.0, 4.0
    layers = ((weight, np.array([0.0, 0.0, 0.2], np.float32)),)
    return TeacherActor(layers, np.zeros(obs_dim), np.ones(obs_dim))


def still_teacher(obs_dim):
    layers = ((np.zeros((3, obs_dim), np.float32), np.zeros(3, np.float32)),)
    return TeacherActor(layers, np.zeros(obs_dim), np.ones(obs_dim))


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    return open_sim(tmp_path_factory.mktemp("world"))


def test_after_success_nothing_more_is_taught_than_the_dataset_teaches(sim):
    env = SimEnv(sim.assets, sim.task)
    env.reset(0, T_world_object=sim.assets.waypoints[-1])
    before = env.observation
    _, mask = asked(env, Ask(still_teacher(env.obs_dim), 8))
    assert mask.tolist() == [1.0] * (STEPS_AFTER_SUCCESS + 1) + [0.0] * (7 - STEPS_AFTER_SUCCESS)
    np.testing.assert_allclose(env.observation, before, atol=1e-6)


def test_an_episode_goes_on_to_the_bit_where_somebody_was_asked_beside_it(sim):
    def episode(is_asked):
        env, spare = SimEnv(sim.assets, sim.task), SimEnv(sim.assets, sim.task)
        ask, rng = Ask(leaning_teacher(env.obs_dim), 5), np.random.default_rng(0)
        env.reset(3)
        answers, states = [], []
        for _ in range(8):
            if is_asked:
                answers.append(asked_beside(env, spare, ask)[0])
                own = ask.teacher.act(env.observation)
                np.testing.assert_array_equal(answers[-1][0], own)
            states.append(env.step(rng.uniform(-1, 1, 3)).obs)
        return answers, np.array(states)

    answers, followed = episode(is_asked=True)
    _, alone = episode(is_asked=False)
    np.testing.assert_array_equal(followed, alone)
    assert np.ptp(np.array(answers)[:, -1], axis=0).max() > 0.1


def test_asked_beside_is_what_the_teacher_goes_on_to_do(sim):
    env, spare = SimEnv(sim.assets, sim.task), SimEnv(sim.assets, sim.task)
    ask = Ask(leaning_teacher(env.obs_dim), 6)
    obs = env.reset(5)
    for _ in range(4):
        obs = env.step(np.array([0.5, 0.5, -0.2])).obs
    chunk, mask = asked_beside(env, spare, ask)
    assert (mask == 1).all()
    for action in chunk:
        np.testing.assert_allclose(action, ask.teacher.act(obs), atol=0.02)
        obs = env.step(action).obs
