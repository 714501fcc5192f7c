import numpy as np
import pytest

from tests.sim.fixtures import open_fixtures
from xsim_core.calibrate.replay import joints_of, replay_rollout
from xsim_core.sim.assets import build_assets
from xsim_core.sim.env import SimEnv
from xsim_core.sim.task import Physics, load_task

PHYSICS = {
    "same": Physics(),
    "late and weak": Physics(action_latency_steps=1, action_gain=0.85),
    "slippery": Physics(friction=0.2),
}


@pytest.fixture(scope="module")
def env_of(tmp_path_factory):
    _, scene, track = open_fixtures()
    task = load_task("push_block")
    assets = build_assets(scene, track, task, tmp_path_factory.mktemp("assets"))
    return lambda physics: SimEnv(assets, task, physics=physics)


def recording(env, *, steps=30):
    """A push along the way to the goal with some wandering; states, actions, object poses."""
    env.reset(3)
    rng = np.random.default_rng(0)
    goal = env.assets.waypoints[-1][:2, 3] - env.T_world_object[:2, 3]
    push = np.array([*(goal / np.linalg.norm(goal)), -0.1])
    rows = []
    for _ in range(steps):
        action = np.clip(0.6 * push + 0.3 * rng.standard_normal(3), -1, 1).astype(np.float32)
        rows.append((env.proprio(), action, env.T_world_object))
        env.step(action)
    return (np.stack(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize("name", PHYSICS)
def test_the_gripper_follows_the_recording(env_of, name):
    state, action, T_world_object = recording(env_of(PHYSICS[name]))
    replay = replay_rollout(env_of(None), state, action, T_world_object[0])
    gap = np.linalg.norm(replay.tcp - state[:, :3], axis=1)
    assert gap.max() < (0.004 if name == "same" else 0.03)
    assert np.median(gap) < 0.015
    apart = np.linalg.norm(replay.T_world_object[:, :3, 3] - T_world_object[:, :3, 3], axis=1)
    assert apart[0] < 1e-3
    assert np.median(apart) < 0.02
    assert np.linalg.norm(np.diff(T_world_object[[0, -1], :3, 3], axis=0)) > 0.03  # it was pushed


def test_joints_come_back_from_proprioception(env_of):
    env = env_of(None)
    env.reset(1)
    before = env.proprio()
    env.reset(2, qpos=joints_of(before))
    np.testing.assert_allclose(env.proprio(), before, atol=2e-3)
