import importlib
import multiprocessing

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.errors import BadInputError, XSimError
from xsim_core.sim import EnvPool, Physics, run_episodes
from xsim_core.sim.processes import PRELOAD


@pytest.fixture(scope="module")
def push(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("push"), horizon=8)
    return sim.assets, sim.task


def roll(pool, steps=12):
    rng = np.random.default_rng(0)
    first = pool.reset()
    rest = [pool.step(rng.uniform(-1, 1, (pool.num_envs, 3))).obs for _ in range(steps)]
    return np.stack([first, *rest])


def test_workers_do_not_change_results(push):
    with EnvPool(*push, num_envs=3, num_workers=0, seed=1) as pool:
        here = roll(pool)
    with EnvPool(*push, num_envs=3, num_workers=2, seed=1) as pool:
        assert len(multiprocessing.active_children()) == 2
        there = roll(pool)
    np.testing.assert_array_equal(here, there)
    assert not multiprocessing.active_children()


def test_episodes_end_at_the_horizon_and_begin_anew(push):
    with EnvPool(*push, num_envs=2) as pool:
        first = pool.reset()
        for i in range(8):
            step = pool.step(np.zeros((2, 3)))
            assert step.truncated.all() == (i == 7)
        assert not np.array_equal(step.obs, step.final_obs)
        assert not np.array_equal(step.obs, first)
        assert step.terms.shape == (2, 7)
        assert step.env_states.shape == (2, 16)


def test_run_episodes_covers_each_seed_once(push):
    with EnvPool(*push, num_envs=2) as pool:
        outcomes = run_episodes(pool, lambda obs: np.zeros((len(obs), 3)), [7, 8, 9])
    assert outcomes.seeds.tolist() == [7, 8, 9]
    assert outcomes.env_states.shape == (3, 9, 16)
    assert not outcomes.success.any()


def test_each_environment_may_have_its_own_physics(push):
    with EnvPool(*push, num_envs=2, physics=[Physics(), Physics(action_gain=0.5)]) as pool:
        pool.reset([1, 1])
        step = pool.step(np.ones((2, 3)))
    assert not np.array_equal(step.obs[0], step.obs[1])
    with pytest.raises(BadInputError, match="1 physics for 2"):
        EnvPool(*push, num_envs=2, physics=[Physics()])


def test_a_failing_worker_is_reported(push):
    with EnvPool(*push, num_envs=1, num_workers=1) as pool:
        with pytest.raises(XSimError, match="NaN"):
            pool.step(np.full((1, 3), np.nan))
        multiprocessing.active_children()[0].join()
        with pytest.raises(XSimError, match="died"):
            pool.reset()


def test_what_workers_share_can_be_imported():
    # The fork server passes over what it cannot import: every worker would then be slow.
    assert all(importlib.import_module(name) for name in PRELOAD)
