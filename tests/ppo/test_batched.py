"""One contract for everything that PPO trains on: its own pool, gymnasium's and ManiSkill's."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tests.ppo.reach import limited
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import SimWorld
from xsim_core.errors import BadInputError
from xsim_core.ppo import EnvProcesses, FromVectorEnv
from xsim_core.ppo.batched import check_spaces, into_bounds
from xsim_core.ppo.teacher_envs import TeacherEnvs
from xsim_core.sim import EnvPool, open_sim_world
from xsim_core.storage import ArtifactStore

HORIZON = 7
GYMNASIUM = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]


def of_gymnasium(mode):
    return FromVectorEnv(SyncVectorEnv([limited] * 3, autoreset_mode=mode), seed=4)


@pytest.fixture(params=[*(mode.value for mode in GYMNASIUM), "processes", "maniskill", "teacher"])
def envs(request, tmp_path):
    if request.param in [mode.value for mode in GYMNASIUM]:
        yield of_gymnasium(AutoresetMode(request.param))
    elif request.param == "processes":
        with EnvProcesses(limited, num_envs=3, seed=4) as made:
            yield made
    else:
        store = ArtifactStore("memory://")
        world = open_sim_world(store.open(make_sim(store, horizon=HORIZON), SimWorld), tmp_path)
        if request.param == "teacher":
            with EnvPool(world.assets, world.task, num_envs=2, seed=4) as pool:
                yield TeacherEnvs(pool)
        else:
            yield of_maniskill(world)


def of_maniskill(world):
    from mani_skill.vector.wrappers.gymnasium import ManiSkillVectorEnv

    from xsim_core.sim.maniskill import allow_physics_without_renderer
    from xsim_core.sim.registration import register_world

    allow_physics_without_renderer()
    name = register_world(world, "ContractPush-v1")
    made = gymnasium.make(
        name, num_envs=1, obs_mode="state", sim_backend="physx_cpu", render_backend="none"
    )
    return FromVectorEnv(ManiSkillVectorEnv(made, ignore_terminations=True), seed=4)


def actions(envs, t):
    shape = (envs.num_envs, *envs.single_action_space.shape)
    return np.random.default_rng(t).uniform(0.0, 1.0, shape).astype(np.float32)


def play(envs, count):
    return [envs.step(actions(envs, t)) for t in range(count)]


def test_the_contract(envs):
    n, (o,) = envs.num_envs, envs.single_observation_space.shape
    obs = envs.reset()
    assert (obs.shape, obs.dtype) == ((n, o), np.float32)
    lengths, returns, ends = np.zeros(n), np.zeros(n), 0
    for step in play(envs, 2 * HORIZON + 1):
        assert step.obs.shape == step.final_obs.shape == (n, o)
        assert step.obs.dtype == step.final_obs.dtype == step.rewards.dtype == np.float32
        assert step.step_figures.shape == (n, len(envs.step_figures))
        assert not (step.terminated & step.truncated).any()
        lengths, returns = lengths + 1, returns + step.rewards
        ended = step.terminated | step.truncated
        assert (lengths[step.truncated] == HORIZON).all()
        assert (step.obs[~ended] == step.final_obs[~ended]).all()
        for i in np.flatnonzero(ended):
            ends += 1
            assert (step.obs[i] != step.final_obs[i]).any(), "the next episode is shown"
            told = dict(zip(envs.episode_figures, step.episode_figures[i], strict=True))
            assert told["success"] in (0.0, 1.0)
            assert told.get("length", lengths[i]) == lengths[i]
            assert told.get("return", returns[i]) == pytest.approx(returns[i], abs=1e-4)
            lengths[i] = returns[i] = 0
    assert ends >= 2 * n


def test_seeds_and_streams_repeat(envs):
    """What a checkpoint holds is enough to play the same episodes again."""
    seeded = envs.reset([5 + i for i in range(envs.num_envs)])
    before = envs.positions()
    first, played = envs.reset(), play(envs, HORIZON + 2)
    assert not np.array_equal(first, seeded)
    np.testing.assert_array_equal(envs.reset([5 + i for i in range(envs.num_envs)]), seeded)
    envs.go_to(before)
    np.testing.assert_array_equal(envs.reset(), first)
    if isinstance(getattr(envs, "_envs", None), gymnasium.vector.VectorEnv) and envs.num_envs == 1:
        return  # ManiSkill's PhysX remembers what came before a reset: 1e-4 rad after one step.
    for one, again in zip(played[:HORIZON], play(envs, HORIZON), strict=True):
        np.testing.assert_array_equal(one.final_obs, again.final_obs)
        np.testing.assert_array_equal(one.rewards, again.rewards)


def test_where_the_point_goes_is_what_is_told():
    """The same episodes and numbers, whoever steps the environments and begins them anew."""
    right, told = np.full((3, 1), 2.0, np.float32), {}
    for mode in GYMNASIUM:
        envs = of_gymnasium(mode)
        envs.reset([1, 2, 3])
        told[mode] = [envs.step(right) for _ in range(HORIZON)]
    with EnvProcesses(limited, num_envs=3, seed=4) as envs:
        envs.reset([1, 2, 3])
        wanted = [envs.step(right) for _ in range(HORIZON)]
    over = [i for i, step in enumerate(wanted) if step.terminated.any()]
    for mode, steps in told.items():
        for one, step in list(zip(wanted, steps, strict=True))[: over[0] + 1]:
            np.testing.assert_array_equal(step.final_obs, one.final_obs, err_msg=str(mode))
            np.testing.assert_array_equal(step.terminated, one.terminated)
            np.testing.assert_array_equal(step.episode_figures, one.episode_figures)
            assert (step.obs[step.terminated, 1] == 0).all(), "it begins anew in the same step"


def test_processes_share_environments_without_a_trace():
    played = []
    for workers in (0, 2):
        with EnvProcesses(limited, num_envs=3, num_workers=workers, seed=4) as envs:
            begun = envs.reset()
            played.append([begun, *(step.obs for step in play(envs, HORIZON + 1))])
            positions = envs.positions()
        assert (positions >= 2).all()
    np.testing.assert_array_equal(*played)


def test_spaces_without_a_network_are_refused():
    box, discrete = gymnasium.spaces.Box, gymnasium.spaces.Discrete(3)
    row, image = box(-1, 1, (4,)), box(0, 255, (8, 8, 3), np.uint8)
    with pytest.raises(BadInputError, match="FlattenObservation"):
        check_spaces(image, row)
    with pytest.raises(BadInputError, match=r"continuous numbers, not Discrete\(3\)"):
        check_spaces(row, discrete)
    with pytest.raises(BadInputError, match="RescaleAction"):
        check_spaces(row, box(-np.inf, 1, (4,)))


def test_actions_reach_the_bounds_and_no_further():
    space = gymnasium.spaces.Box(np.float32([-2, 0]), np.float32([2, 1]))
    given = np.float32([[-3, -3], [0, 0], [1, 5]])
    np.testing.assert_array_equal(into_bounds(given, space), [[-2, 0], [0, 0.5], [2, 1]])
