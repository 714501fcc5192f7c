import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from tests.sim.vision.test_asking import leaning_teacher
from xsim_core.errors import BadInputError
from xsim_core.sim.env import SimEnv
from xsim_core.sim.processes import WorkerProcesses
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import randomised_domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("world"), horizon=6)
    return sim.assets, sim.task, sim.background


class Wander:
    """Seeded random actions; remembers what it was shown."""

    def reset(self, seeds):
        self.rngs = [np.random.default_rng(s) for s in seeds]

    def act(self, rgb, state):
        assert len(rgb) == len(state) == len(self.rngs)
        return np.stack([r.uniform(-1, 1, 3) for r in self.rngs]).astype(np.float32)


def test_rollouts_depend_on_seeds_alone_and_record_what_preceded_each_action(setting):
    assets, task, _ = setting
    with ImageEnvPool(assets, task, background=None, num_envs=2, num_workers=0) as pool:
        r = rollout(pool, Wander(), [4, 5, 6])
        again = rollout(pool, Wander(), [6])
    assert r.episode_ends.tolist() == [6, 12, 18]
    assert r.state.shape == (18, 6)
    # PhysX keeps contact caches, so equal seeds are equal only up to small differences.
    np.testing.assert_allclose(again.env_states, r.env_states[r.episode(2)], atol=1e-3)
    env = SimEnv(assets, task)
    env.reset(5)
    np.testing.assert_allclose(r.env_states[6], env.env_state(), atol=1e-6)
    env.step(r.action[6])
    np.testing.assert_allclose(r.env_states[7], env.env_state(), atol=1e-3)


def test_given_starts_replace_the_seeds(setting):
    assets, task, _ = setting
    pose = assets.start.copy()
    pose[0, 3] += 0.03
    qpos = np.array(assets.start_qpos)
    with ImageEnvPool(assets, task, background=None, num_envs=1, num_workers=0) as pool:
        pool.reset([1], T_world_object=pose[None], qpos=qpos[None])
        np.testing.assert_allclose(pool.env_states()[0, 9:12], pose[:3, 3], atol=1e-6)
        np.testing.assert_allclose(pool.env_states()[0, :9], qpos, atol=1e-6)
        with pytest.raises(BadInputError, match="2 seeds for 1"):
            pool.reset([1, 2])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_teacher_is_asked_where_it_is_wanted_and_nothing_changes(setting, num_workers):
    assets, task, _ = setting
    actions = np.random.default_rng(0).uniform(-1, 1, (4, 3, 3))

    def episode(which):
        with ImageEnvPool(
            assets, task, background=None, num_envs=3, num_workers=num_workers
        ) as pool:
            pool.reset([4, 5, 6])
            ask = Ask(leaning_teacher(pool.privileged_obs().shape[1]), 5)
            answers = []
            for action in actions:
                if which is not None:
                    answers.append(pool.ask(ask, which))
                    first = ask.teacher.act(pool.privileged_obs())
                    for i, chunk in enumerate(answers[-1]):
                        assert (chunk is not None) == which[i]
                        if chunk is not None:
                            np.testing.assert_allclose(chunk[0][0], first[i], atol=1e-6)
                pool.step(action)
            return answers, pool.env_states()

    answers, states = episode(np.array([True, False, True]))
    if num_workers == 0:
        np.testing.assert_array_equal(states, episode(None)[1])
    assert answers[0][2][0].shape == (5, 3)
    assert answers[0][2][1].shape == (5,)
    assert (answers[0][0][0] != answers[0][2][0]).any()


@pytest.mark.vulkan
def test_pictures_of_a_worker_process_are_those_of_this_one(setting):
    assets, task, background = setting
    kwargs = {"background": background, "domain": randomised_domain(), "num_envs": 2}
    with ImageEnvPool(assets, task, num_workers=0, rgbd_hw=(48, 64), **kwargs) as pool:
        here = pool.reset([7, 8])
        step = pool.step(np.zeros((2, 3)), active=np.array([True, False]))
        np.testing.assert_array_equal(step.obs.rgb[1], here.rgb[1])
        assert (step.obs.rgb[0] != here.rgb[0]).any()
    assert here.wide_depth_mm.shape == (2, 48, 64)
    assert 500 < np.median(here.wide_depth_mm) < 2000
    with ImageEnvPool(assets, task, num_workers=1, **kwargs) as pool:
        there = pool.reset([7, 8])
    np.testing.assert_array_equal(there.state, here.state)
    # Noise continues one stream a picture: the wide picture here came after the policy's.
    np.testing.assert_array_equal(there.rgb, here.rgb)


class Glances(Wander):
    """Looks at every third picture, as one that predicts chunks does; keeps what it looked at."""

    def reset(self, seeds):
        super().reset(seeds)
        self.step, self.seen = 0, []

    def act(self, rgb, state):
        if self.step % 3 == 0:
            self.seen.append(rgb.copy())
        self.step += 1
        return super().act(rgb, state)

    def looks(self):
        return np.full(len(self.rngs), self.step % 3 == 0)


@pytest.mark.vulkan
def test_pictures_that_nobody_looks_at_are_not_rendered_and_change_nothing(setting):
    assets, task, background = setting
    kwargs = {"background": background, "domain": randomised_domain(), "num_envs": 2}
    with ImageEnvPool(assets, task, num_workers=0, **kwargs) as pool:
        rollout(pool, Glances(), [7, 8], horizon=1)  # The first contact of a pool is its own.
        all_seen, some_seen, first_filmed = Glances(), Glances(), Glances()
        every = rollout(pool, all_seen, [7, 8])
        some = rollout(pool, some_seen, [7, 8], num_filmed=0)
        first = rollout(pool, first_filmed, [7, 8], num_filmed=1)
    np.testing.assert_array_equal(some_seen.seen, all_seen.seen)
    np.testing.assert_array_equal(some.action, every.action)
    one, other = every.episode(0), every.episode(1)
    np.testing.assert_array_equal(first.rgb[one], every.rgb[one])
    looked = every.rgb[other].copy()
    looked[1:3], looked[4:6] = looked[0], looked[3]
    np.testing.assert_array_equal(first.rgb[other], looked)
    assert (looked != every.rgb[other]).any()


class Shout:
    def __init__(self, setup):
        self.setup = setup

    def say(self, word):
        if word == "bad":
            raise BadInputError("no such word")
        return f"{self.setup}:{word}"


def test_jobs_go_to_whichever_process_is_free_and_errors_come_back():
    with WorkerProcesses(Shout, ["a", "b"]) as workers:
        answers = dict(workers.map_unordered("say", [(str(i),) for i in range(7)]))
        assert sorted(answers) == list(range(7))
        assert all(answers[i].endswith(f":{i}") for i in answers)
        with pytest.raises(BadInputError, match="no such word"):
            workers.call("say", [("bad",), ("good",)])
