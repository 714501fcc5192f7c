"""xsim_core/sim/maniskill/environment.py: an environment that ManiSkill's own tools take."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from mani_skill.utils.gym_utils import find_max_episode_steps_value
from mani_skill.utils.wrappers.gymnasium import CPUGymWrapper
from mani_skill.vector.wrappers.gymnasium import ManiSkillVectorEnv

from tests.sim.fixtures import open_sim
from xsim_core.errors import BadInputError
from xsim_core.sim import SimEnv
from xsim_core.sim.maniskill import (
    ENV_ID,
    TASK_ACTIONS,
    XSimObjectTrackEnv,
    allow_physics_without_renderer,
)

WITHOUT_PICTURES = {"sim_backend": "physx_cpu", "render_backend": "none"}


@pytest.fixture(scope="module", autouse=True)
def physics_alone():
    allow_physics_without_renderer()


@pytest.fixture(scope="module")
def push(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("push"))
    return {"assets": sim.assets, "task": sim.task}


@pytest.mark.filterwarnings("ignore:.*(different from the unwrapped|minimum|maximum):UserWarning")
def test_gymnasium_s_checker_passes(push):
    # Made without gym.make: ManiSkill's TimeLimitWrapper cannot be made again from its spec.
    env = CPUGymWrapper(XSimObjectTrackEnv(obs_mode="state", **WITHOUT_PICTURES, **push))
    check_env(env, skip_render_check=True)


def test_maniskill_s_vector_wrapper_runs_an_episode_with_its_controller(push):
    """As its PPO example makes it: arm by the end effector, metrics by the wrapper."""
    made = gymnasium.make(
        ENV_ID,
        num_envs=1,
        obs_mode="state",
        control_mode="pd_ee_delta_pose",
        max_episode_steps=5,
        **WITHOUT_PICTURES,
        **push,
    )
    env = ManiSkillVectorEnv(made, 1, ignore_terminations=True, record_metrics=True)
    assert find_max_episode_steps_value(env) == 5
    first, _ = env.reset(seed=3)
    for _ in range(5):
        obs, reward, _, _, info = env.step(torch.zeros(1, 7))
    assert obs.shape == first.shape
    assert torch.isfinite(reward).all()
    assert info["final_info"]["episode"]["episode_len"].tolist() == [5]
    # The wrapper began the next episode, at another start than the first.
    assert not torch.equal(obs, first)


def test_what_a_camera_cannot_see_is_told_with_the_state_alone(push):
    env = XSimObjectTrackEnv(obs_mode="state_dict", **WITHOUT_PICTURES, **push)
    obs, _ = env.reset(seed=0)
    assert set(obs["extra"]) == {"tcp_pose", "object_pose", "goal_pose", "waypoint_index"}
    np.testing.assert_allclose(obs["extra"]["goal_pose"][0, :3], env._goals.centres[0], atol=1e-6)


def test_the_task_s_actions_move_it_as_they_move_the_scalar_twin(push):
    """Same world, seed and actions: the push of 25 steps, contact included."""
    env = XSimObjectTrackEnv(
        obs_mode="state", control_mode=TASK_ACTIONS, **WITHOUT_PICTURES, **push
    )
    twin = SimEnv(push["assets"], push["task"])
    assert env.action_space.shape == (twin.action_dim,)
    env.reset(seed=4)
    twin.reset(4)
    for step in range(25):
        sideways = (twin._situation.centre - twin._tcp)[0] / 0.02
        action = np.array([np.clip(sideways, -1, 1), 1.0, 0.0])
        _, reward, _, _, info = env.step(action if step else torch.from_numpy(action)[None])
        result = twin.step(action)
        np.testing.assert_allclose(env.agent.tcp_pos[0], twin._tcp, atol=1e-3)
        np.testing.assert_allclose(env.tracked_object.pose.p[0], twin._position, atol=2e-3)
        assert float(reward) == pytest.approx(result.reward, abs=0.02)
    assert twin.progress >= 2 / 3  # The object was pushed.
    assert int(info["waypoint_index"]) == twin.waypoint_index


@pytest.mark.parametrize(
    ("name", "value"), [("action_latency_steps", 2), ("joint_offset_rad", (0.01,) * 7)]
)
def test_an_arm_that_would_not_do_what_it_is_told_is_refused(push, name, value):
    physics = push["task"].physics.model_copy(update={name: value})
    with pytest.raises(BadInputError, match=name):
        XSimObjectTrackEnv(control_mode=TASK_ACTIONS, physics=physics, **WITHOUT_PICTURES, **push)


@pytest.mark.vulkan
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["rgb", "rgbd"])
def test_pictures_show_the_object_on_the_table(push, mode):
    env = XSimObjectTrackEnv(obs_mode=mode, render_mode="rgb_array", render_backend="cpu", **push)
    obs, _ = env.reset(seed=0)
    assert set(obs["extra"]) == {"tcp_pose"}
    rgb = obs["sensor_data"]["base_camera"]["rgb"][0].numpy().astype(int)
    assert rgb.shape == (128, 128, 3)
    colourful = np.ptp(rgb, axis=-1) > 90  # The block's texture; wood, arm and floor are paler.
    rows, columns = np.nonzero(colourful)
    assert 20 < colourful.sum() < 600
    assert abs(rows.mean() - 64) < 20
    assert abs(columns.mean() - 64) < 20


@pytest.mark.gpu
@pytest.mark.parametrize("num_envs", [2, 64])
def test_a_batch_on_the_gpu_resets_by_index(push, num_envs):
    env = XSimObjectTrackEnv(
        obs_mode="state", num_envs=num_envs, sim_backend="physx_cuda", render_backend="none", **push
    )
    env.reset(seed=7)
    before = env.tracked_object.pose.p.clone()
    env.step(torch.zeros(num_envs, 8, device=env.device))
    last = torch.tensor([num_envs - 1], device=env.device)
    env.reset(seed=[7], options={"env_idx": last})
    assert env.device.type == "cuda"
    # The seed given is that of the environment named; the first has the same seed, so its start.
    torch.testing.assert_close(env.tracked_object.pose.p[-1], before[0], atol=1e-5, rtol=0)
