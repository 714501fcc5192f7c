"""xsim_core/sim/registration.py: a world made by its name, as ManiSkill's examples make theirs."""

import gymnasium
import pytest
import torch
from mani_skill.utils.gym_utils import find_max_episode_steps_value
from mani_skill.vector.wrappers.gymnasium import ManiSkillVectorEnv
from torch import nn
from torch.distributions import Normal

from tests.sim.fixtures import open_sim
from xsim_core.errors import BadInputError
from xsim_core.sim.maniskill import ENV_ID, allow_physics_without_renderer
from xsim_core.sim.registration import register_world

HERE = {"obs_mode": "state", "sim_backend": "physx_cpu", "render_backend": "none"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    allow_physics_without_renderer()
    return open_sim(tmp_path_factory.mktemp("push"))


def vector_env(name):
    made = gymnasium.make(name, num_envs=1, control_mode="pd_ee_delta_pose", **HERE)
    return ManiSkillVectorEnv(made, 1, ignore_terminations=True, record_metrics=True)


def test_a_world_is_made_by_its_name_and_ends_at_its_task_s_horizon(world):
    register_world(world, "Push-v1")
    assert register_world(world, "Push-v1") == "Push-v1"  # The same notebook cell again.
    env = vector_env("Push-v1")
    assert find_max_episode_steps_value(env) == world.task.horizon
    assert env.unwrapped.assets == world.assets
    assert env.unwrapped.task == world.task


@pytest.mark.parametrize("taken", ["PushCube-v1", ENV_ID])
def test_no_task_of_somebody_else_s_is_replaced(world, taken):
    import mani_skill.envs  # noqa: F401  registers ManiSkill's own

    with pytest.raises(BadInputError, match=f"'{taken}' is an environment already"):
        register_world(world, taken)


class Agent(nn.Module):
    def __init__(self, env):
        super().__init__()
        obs, act = env.single_observation_space.shape[0], env.single_action_space.shape[0]
        self.mean = nn.Sequential(nn.Linear(obs, 64), nn.Tanh(), nn.Linear(64, act))
        self.critic = nn.Sequential(nn.Linear(obs, 64), nn.Tanh(), nn.Linear(64, 1))
        self.log_std = nn.Parameter(torch.full((act,), -0.5))

    def density(self, obs):
        return Normal(self.mean(obs), self.log_std.exp())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_loop_of_maniskill_s_ppo_example_learns_on_it(world):
    """Its calls in its order: wrapper, metrics, masks of what ended, values of final observations.

    One environment and few steps: that the return rises is all that is asked of them.
    """
    torch.manual_seed(0)
    env = vector_env(register_world(world, "PushLoop-v1"))
    agent = Agent(env)
    optimiser = torch.optim.Adam(agent.parameters(), lr=1e-3)
    low, high = (
        torch.from_numpy(b) for b in (env.single_action_space.low, env.single_action_space.high)
    )
    horizon, returns = world.task.horizon, []
    num_steps = 6 * horizon
    obs, _ = env.reset(seed=1)
    for _ in range(40):
        rows, final_values = [], torch.zeros(num_steps, 1)
        for step in range(num_steps):
            with torch.no_grad():
                at = agent.density(obs)
                action, value = at.sample(), agent.critic(obs).flatten()
            before = obs
            obs, reward, terminations, truncations, infos = env.step(action.clamp(low, high))
            done = terminations | truncations
            rows.append((before, action, at.log_prob(action).sum(1), reward, done, value))
            if "final_info" in infos:
                mask = infos["_final_info"]
                assert mask.tolist() == done.tolist()
                episode = infos["final_info"]["episode"]
                assert episode["episode_len"][mask].tolist() == [horizon]
                returns += episode["return"][mask].tolist()
                with torch.no_grad():
                    final_values[step, mask] = agent.critic(infos["final_observation"][mask]).view(
                        -1
                    )
        b_obs, b_act, b_log, rewards, dones, values = (
            torch.stack(c).squeeze(1) for c in zip(*rows, strict=True)
        )
        with torch.no_grad():
            following = torch.cat([values[1:], agent.critic(obs).flatten()])
        following = torch.where(dones, final_values[:, 0], following)
        delta, gae = rewards + 0.9 * following - values, torch.zeros(num_steps)
        carry = torch.zeros(())
        for t in reversed(range(num_steps)):
            gae[t] = carry = delta[t] + 0.9 * 0.9 * carry * ~dones[t]
        target = gae + values
        for _ in range(8):
            for index in torch.randperm(num_steps).split(90):
                at = agent.density(b_obs[index])
                ratio = (at.log_prob(b_act[index]).sum(1) - b_log[index]).exp()
                advantage = (gae[index] - gae[index].mean()) / (gae[index].std() + 1e-8)
                loss = -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
                loss = (
                    loss
                    + 0.5 * (agent.critic(b_obs[index]).flatten() - target[index]).square().mean()
                )
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                optimiser.step()
    tenth = len(returns) // 10
    first, last = (sum(part) / tenth for part in (returns[:tenth], returns[-tenth:]))
    assert last > first + 0.5, f"mean return of {tenth} episodes: {first:.2f}, then {last:.2f}"
