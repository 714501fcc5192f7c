import hashlib
import multiprocessing

import numpy as np
import pytest

from tests.checking import shapes_checked
from tests.sim.fixtures import open_sim
from xsim_core.errors import BadInputError
from xsim_core.geometry import se3_from_pos_quat
from xsim_core.sim import Physics, SimEnv, env as envs
from xsim_core.sim.controller import (
    JOINT_HIGH,
    JOINT_LOW,
    forward_kinematics,
    gripper_down,
    inverse_kinematics,
    tcp_yaw,
)
from xsim_core.sim.episode.starts import draw_start

shapes = shapes_checked(envs)


@pytest.fixture(scope="module")
def push(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("push"))
    return sim.assets, sim.task


@pytest.fixture(scope="module")
def env(push):
    return SimEnv(*push)


def push_action(env):
    """A hand-written pusher: get behind the object's centre, then go along +y."""
    sideways = (env._situation.centre - env._tcp)[0] / 0.02
    forward = 1.0 if env._situation.centre[1] < 0.02 else 0.0
    return np.array([np.clip(sideways, -1, 1), forward, 0.0])


def test_kinematics_agree_with_physx(env):
    rng = np.random.default_rng(1)
    for _ in range(20):
        q = rng.uniform(JOINT_LOW, JOINT_HIGH)
        env.set_state(np.array([*q, 0, 0]), np.array([0.5, 0, 1.0]), np.array([1.0, 0, 0, 0]))
        T, _ = forward_kinematics(q)
        np.testing.assert_allclose(env._bodies.tcp, T[:3, 3], atol=2e-5)


def test_jacobian_is_the_derivative():
    q, step = np.random.default_rng(0).uniform(JOINT_LOW, JOINT_HIGH), 1e-6
    T, J = forward_kinematics(q)
    for i in range(7):
        T_i, _ = forward_kinematics(q + step * np.eye(7)[i])
        np.testing.assert_allclose((T_i - T)[:3, 3] / step, J[:3, i], atol=1e-4)
        W = (T_i - T)[:3, :3] @ T[:3, :3].T / step
        np.testing.assert_allclose([W[2, 1], W[0, 2], W[1, 0]], J[3:, i], atol=1e-4)


def test_inverse_kinematics_reaches_or_says_that_it_cannot():
    q = inverse_kinematics(np.array([0.5, -0.2, 0.03]), 0.4)
    T, _ = forward_kinematics(q)
    np.testing.assert_allclose(T[:3, 3], [0.5, -0.2, 0.03], atol=1e-5)
    np.testing.assert_allclose(T[:3, :3], gripper_down(0.4), atol=1e-5)
    assert tcp_yaw(gripper_down(0.4)) == pytest.approx(0.4)
    with pytest.raises(BadInputError, match="cannot reach"):
        inverse_kinematics(np.array([1.4, 0.0, 0.1]), 0.0)


def test_shapes_and_state_layout(env, push):
    obs = env.reset(3)
    assert obs.dtype == np.float32
    assert obs.shape == (env.obs_dim,)
    state, proprio = env.env_state(), env.proprio()
    assert state.shape == (16,)
    assert proprio.shape == (6,)
    np.testing.assert_allclose(proprio[:3], env._bodies.tcp, atol=1e-6)
    T = se3_from_pos_quat(state[9:12], state[12:])
    np.testing.assert_allclose(T, env.T_world_object, atol=1e-6)
    nominal = push[0].start
    assert np.abs(T[:2, 3] - nominal[:2, 3]).max() < 0.03


def test_starts_differ_by_seed_and_repeat_by_seed(env):
    a, b, c = env.reset(1), env.reset(2), env.reset(1)
    assert not np.allclose(a, b)
    np.testing.assert_array_equal(a, c)


def test_given_start_is_taken(env):
    env.reset(5)
    T, q = env.T_world_object, env.env_state()[:9]
    env.reset(6)
    env.reset(7, T_world_object=T, qpos=q)
    np.testing.assert_allclose(env.T_world_object, T, atol=1e-6)
    np.testing.assert_array_equal(env.env_state()[:9], q)


def test_the_object_rests_where_it_is_put(env):
    env.reset(0)
    before = env.T_world_object
    for _ in range(20):
        result = env.step(np.zeros(3))
    assert np.abs(env.T_world_object - before).max() < 2e-3
    assert result.progress == 0
    assert not result.success


def test_command_stays_in_the_workspace_and_moves_by_the_action_scale(env, push):
    env.reset(0)
    start = env._tcp.copy()
    env.step(np.array([1.0, 0, 0]))
    env.step(np.zeros(3))
    for _ in range(5):
        env.step(np.zeros(3))
    moved = env._tcp - start
    assert moved[0] == pytest.approx(push[1].action_position_m, abs=3e-3)
    for _ in range(30):
        env.step(np.array([-1.0, -1.0, -1.0]))
    low = np.array(push[0].workspace_low)
    assert (env._tcp > low - 5e-3).all()


def test_pushing_makes_progress_and_earns_reward(env, push):
    env.reset(1)
    rewards = []
    for _ in range(push[1].horizon):
        result = env.step(push_action(env))
        rewards.append(result.reward)
        assert result.reward == pytest.approx(sum(result.terms.values()) * push[1].reward_scale)
    assert result.truncated
    assert result.progress >= 2 / 3 - 1e-9
    assert np.mean(rewards[-5:]) > np.mean(rewards[:5])
    assert env.waypoint_index >= 1


def test_an_object_placed_at_the_goal_succeeds(env, push):
    env.reset(0, T_world_object=push[0].waypoints[-1])
    result = env.step(np.zeros(3))
    assert result.success
    assert result.terminated
    assert env.is_success
    assert env.progress == 1.0


def run_digest(push, seeds, physics=None):
    env, digest = SimEnv(*push, physics=physics), hashlib.sha256()
    for seed in seeds:
        env.reset(seed)
        for _ in range(25):
            env.step(push_action(env))
            digest.update(env.env_state().tobytes())
    return digest.hexdigest()


def test_fresh_environments_repeat_bitwise_with_contacts(push):
    assert run_digest(push, [1, 2]) == run_digest(push, [1, 2])


def _digest_without_renderer(push, seeds, results):
    from xsim_core.sim.maniskill import allow_physics_without_renderer

    assert allow_physics_without_renderer(force=True)
    results.send(run_digest(push, seeds))


def test_physics_is_the_same_without_any_renderer(push):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_digest_without_renderer, args=(push, [1], theirs))
    process.start()
    theirs.close()
    assert ours.recv() == run_digest(push, [1])
    process.join()


def test_physics_matters(push):
    slippery = Physics(friction=0.1, density_kg_m3=2000)
    assert run_digest(push, [1]) != run_digest(push, [1], slippery)


def test_latency_delays_and_gain_scales(push):
    late = SimEnv(*push, physics=Physics(action_latency_steps=2, action_gain=0.5))
    late.reset(0)
    start = late._tcp.copy()
    for _ in range(2):
        late.step(np.array([1.0, 0, 0]))
    np.testing.assert_allclose(late._tcp, start, atol=1e-3)
    for _ in range(10):
        late.step(np.zeros(3))
    assert (late._tcp - start)[0] == pytest.approx(2 * 0.5 * push[1].action_position_m, abs=3e-3)


@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_maniskill_sees_success_whatever_it_is_worth(push, weight):
    assets, task = push
    weights = task.reward.model_copy(update={"success": weight})
    env = SimEnv(assets, task.model_copy(update={"reward": weights}))
    env.reset(0, T_world_object=assets.waypoints[-1])
    assert env.step(np.zeros(3)).success
    assert bool(env.maniskill.evaluate()["success"][0])


def test_maniskill_agrees_on_success_and_reward(env):
    env.reset(1)
    for _ in range(12):
        result = env.step(push_action(env))
    ours = env.maniskill
    import torch

    index = env.waypoint_index
    ours.waypoint_index = torch.tensor([index])
    info = ours.evaluate()
    assert bool(info["success"][0]) == result.success
    if int(info["waypoint_index"][0]) == index:
        reward = float(ours.compute_normalized_dense_reward(None, None, info)[0])
        assert reward == pytest.approx(result.reward, abs=1e-4)


def test_both_environments_draw_the_same_starts(env):
    for seed in (4, 5):
        env.reset(seed)
        ours = env.env_state()
        env.maniskill.reset(seed=seed)
        theirs = env.maniskill.tracked_object.pose.raw_pose[0].numpy()
        np.testing.assert_allclose(theirs, ours[9:], atol=1e-6)
        qpos = env.maniskill.agent.robot.get_qpos()[0].numpy()
        np.testing.assert_allclose(qpos, ours[:9], atol=1e-6)


def test_unseeded_episodes_of_maniskill_differ_and_repeat_from_one_seed(env):
    def positions(num_episodes):
        env.maniskill.reset(seed=4)
        found = []
        for _ in range(num_episodes):
            found.append(env.maniskill.tracked_object.pose.p[0].numpy().copy())
            env.maniskill.reset()
        return np.stack(found)

    first = positions(4)
    assert np.diff(np.sort(first, axis=0), axis=0)[:, :2].min() > 1e-6
    np.testing.assert_array_equal(positions(4), first)


def test_an_object_turns_about_its_centre_wherever_its_mesh_has_its_origin(push):
    assets, task = push
    shift = np.array([0.2, -0.1, 0.0])
    moved = np.array(assets.T_world_object_start)
    moved[:3, 3] -= moved[:3, :3] @ shift
    other = assets.model_copy(
        update={
            "T_world_object_start": tuple(map(tuple, moved.tolist())),
            "object_centre": tuple(np.array(assets.object_centre) + shift),
        }
    )
    centres = []
    for a in (assets, other):
        start = draw_start(a, task.start, np.random.default_rng(7))
        T = se3_from_pos_quat(start.position, start.quat_wxyz)
        centres.append(T[:3, :3] @ np.array(a.object_centre) + T[:3, 3])
    np.testing.assert_allclose(centres[0], centres[1], atol=1e-12)


@pytest.mark.parametrize("gripper", ["closed", "controlled"])
@pytest.mark.parametrize("turns", [False, True])
def test_every_action_layout_steps(push, gripper, turns):
    assets, task = push
    task = task.model_copy(update={"gripper": gripper, "turns": turns})
    env = SimEnv(assets, task)
    env.reset(0)
    result = env.step(np.full(task.action_dim, 0.5))
    assert task.action_dim == 3 + turns + (gripper == "controlled")
    assert np.isfinite(result.reward)


def test_maniskill_loop_runs(env):
    obs, _ = env.maniskill.reset(seed=4)
    action = np.append(env.maniskill.agent.robot.get_qpos()[0, :7].numpy(), -1.0)
    obs, reward, _terminated, _truncated, info = env.maniskill.step(action.astype(np.float32))
    assert obs.shape[0] == 1
    assert np.isfinite(float(reward[0]))
    assert "success" in info


@pytest.mark.parametrize("action", [np.zeros(2), np.full(3, np.nan)])
def test_impossible_actions_are_refused(env, action):
    with pytest.raises(BadInputError, match="action"):
        env.step(action)


def test_degenerate_collision_pieces_are_refused(push, tmp_path):
    flat = tmp_path / "flat.obj"
    flat.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    broken = push[0].model_copy(update={"collision_objs": (flat, tmp_path / "absent.obj")})
    with pytest.raises(BadInputError, match="collision pieces"):
        SimEnv(broken, push[1])


def test_pick_place_steps_grasps_and_rewards(tmp_path):
    sim = open_sim(tmp_path, "pick_place", pick=True)
    env = SimEnv(sim.assets, sim.task)
    assert env.reset(0).shape == (env.obs_dim,)
    env.reset(0)
    for _ in range(20):
        go = np.clip((env._situation.centre - env._tcp) / 0.02, -1, 1)
        env.step(np.array([*go, 0, 1.0]))
    for _ in range(6):
        result = env.step(np.array([0, 0, -1.0, 0, -1.0]))
    assert env._situation.is_grasped
    assert env._situation.object_speed_m_s < 0.01, "squeezed and pressed down, but at rest"
    assert result.terms["grasp"] == 1.0
    assert result.progress == pytest.approx(2 / 3)
    for _ in range(10):
        result = env.step(np.array([0, 0, 1.0, 0, -1.0]))
    assert env._situation.centre[2] > 0.08, "the object is lifted"
