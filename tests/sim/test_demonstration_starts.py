import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.errors import BadInputError
from xsim_core.sim.demonstration_starts import DemonstrationStarts
from xsim_core.sim.env import SimEnv
from xsim_core.sim.pool import EnvPool
from xsim_core.sim.task import Physics


@pytest.fixture(scope="module")
def pick(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("pick"), "pick_place", pick=True)
    return sim.assets, sim.task


@pytest.fixture(scope="module")
def env(pick):
    return SimEnv(*pick)


@pytest.fixture(scope="module")
def starts(env):
    return DemonstrationStarts(env)


def test_the_object_stays_in_the_gripper_it_starts_in(env, starts):
    rng = np.random.default_rng(0)
    seen = set()
    for seed in range(12):
        start = starts.sample(rng)
        env.reset(seed, on_path=start)
        before = env.T_world_object
        np.testing.assert_allclose(before, start.T_world_object, atol=1e-6)
        assert env.waypoint_index == start.waypoint_index
        for _ in range(4):
            result = env.step(np.array([0, 0, 0, 0, -1.0]))
        assert result.terms["grasp"] > 0
        if start.is_held:
            moved = np.linalg.norm(env.T_world_object[:3, 3] - before[:3, 3])
            assert moved < 0.005, f"it slipped {1e3 * moved:.1f} mm"
        seen.add((start.is_held, start.waypoint_index))
    assert {True, False} == {held for held, _ in seen}
    assert len(seen) > 3, "starts lie all along the path"


def test_what_cannot_be_held_is_refused(pick):
    assets, task = pick
    heavy = task.model_copy(update={"physics": Physics(density_kg_m3=2e5)})
    with pytest.raises(BadInputError, match="cannot be held"):
        DemonstrationStarts(SimEnv(assets, heavy))


def test_only_automatic_resets_begin_on_the_path(pick):
    assets, task = pick
    start = task.start.model_copy(update={"demonstration_share": 0.99})
    task = task.model_copy(update={"start": start})
    plain = SimEnv(assets, task)
    with EnvPool(assets, task, num_envs=4, num_workers=0, seed=3) as pool:
        begun = pool.reset()
        given = pool.reset([5, 6, 7, 8])
        np.testing.assert_allclose(given[1], plain.reset(6), atol=1e-6)
    tcp_height = begun[:, 2]
    assert (tcp_height < task.start_height_m - 0.02).any() or (begun[:, 8] > 0.05).any()
