"""xsim_core/sim/dagger/rounds.py: the student is sent out; the teacher says what it should do."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.sim.fixtures import open_sim
from tests.sim.vision.test_asking import leaning_teacher
from xsim_core.policies import ClosedLoopStudent, MinMaxNormalizer, Student, StudentArchitecture
from xsim_core.policies.fitting import new_net
from xsim_core.policies.misses import teacher_miss
from xsim_core.sim.dagger.config import RoundConfig
from xsim_core.sim.dagger.rounds import Round, dagger_figures, dagger_film, send_out
from xsim_core.sim.env import SimEnv
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout

TINY = StudentArchitecture(
    image_hw=(24, 32), channels=(8, 8, 8), embed_dim=16, denoiser_width=16, denoiser_blocks=1,
    num_inference_steps=2,
)  # fmt: skip
NUM_EPISODES, HORIZON = 3, 10
TWICE = RoundConfig(num_episodes=NUM_EPISODES, seed=7)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Nothing is rendered: its pictures are black."""
    return replace(open_sim(tmp_path_factory.mktemp("world"), horizon=HORIZON), background=None)


@pytest.fixture(scope="module")
def student(world):
    state = np.array([[0.3, -0.3, 0, -1, -1, 0], [0.7, 0.3, 0.2, 1, 1, 1]])
    action = np.array([[-1.0, -1, -1], [1, 1, 1]])
    net = new_net(TINY, seed=1).eval()
    return Student(net, MinMaxNormalizer.fit(state), MinMaxNormalizer.fit(action))


@pytest.fixture(scope="module")
def ask(world):
    env = SimEnv(world.assets, world.task)
    return Ask(leaning_teacher(env.obs_dim), TINY.horizon)


def sent_out(student, ask, world, *, number=0, told=lambda *_: None):
    how = {"number": number, "domain": Domain(), "num_workers": 0, "told": told}
    return send_out(student, ask, world, TWICE, **how)


@pytest.fixture(scope="module")
def made(student, ask, world):
    told = []
    made = sent_out(student, ask, world, told=lambda *x: told.append(x))
    assert told == [(NUM_EPISODES, int(made.success.sum()))]
    return made


def test_every_moment_in_which_it_looked_is_kept_of_failures_too(made, student, world):
    looks = -(-HORIZON // TINY.n_action_steps)  # It fails, so episodes last until the horizon.
    assert not made.success.any()
    assert made.episode.tolist() == np.repeat(np.arange(NUM_EPISODES), looks).tolist()
    assert made.windows.rgb.shape == (NUM_EPISODES * looks, 1, 24, 32, 3)
    # They are the moments of the student's own trials on the same seeds.
    with ImageEnvPool(
        world.assets, world.task, background=None, num_envs=3, num_workers=0, image_hw=(24, 32)
    ) as pool:
        tried = rollout(pool, ClosedLoopStudent(student), range(7, 7 + NUM_EPISODES))
    own = [tried.state[tried.episode(i)][:: TINY.n_action_steps] for i in range(NUM_EPISODES)]
    np.testing.assert_array_equal(made.windows.state[:, 0], np.concatenate(own))


def test_labels_are_the_teachers_and_not_what_the_student_did(made, student, ask, world):
    env = SimEnv(world.assets, world.task)
    first = [ask.teacher.act(env.reset(7 + k)) for k in range(NUM_EPISODES)]
    begins = np.flatnonzero(np.diff(made.episode, prepend=-1))
    np.testing.assert_allclose(made.windows.action[begins, 0], first, atol=1e-5)
    assert made.windows.action.shape == (len(made.windows), TINY.horizon, 3)
    assert (made.windows.mask == 1).all()
    w = made.windows
    assert made.miss == pytest.approx(teacher_miss(student, w.rgb, w.state, w.action, w.mask))
    assert made.miss > 0.1


def test_a_round_is_made_again_to_the_bit_and_another_one_has_other_seeds(
    made, student, ask, world, tmp_path
):
    again, second = sent_out(student, ask, world), sent_out(student, ask, world, number=1)
    for name, value in vars(made.windows).items():
        np.testing.assert_array_equal(getattr(again.windows, name), value)
    begins = slice(None, None, len(made.windows) // NUM_EPISODES)
    assert (second.windows.state[begins] != made.windows.state[begins]).any(axis=(1, 2)).all()
    made.save(tmp_path / "round.npz")
    kept = Round.load(tmp_path / "round.npz")
    for name, value in vars(made.windows).items():
        np.testing.assert_array_equal(getattr(kept.windows, name), value)
    assert (kept.miss, kept.success.tolist()) == (made.miss, made.success.tolist())
    assert Round.load(tmp_path / "none.npz") is None


def test_figures_and_film_tell_every_round(made, student):
    later = replace(made, success=np.array([True, True, False]), miss=0.25)
    figures = dagger_figures([made, later], student)
    assert figures["dagger_success_1"] == 0
    assert figures["dagger_success_2"] == pytest.approx(2 / 3)
    assert figures["dagger_rows"] == 2 * len(made.windows)
    assert (figures["dagger_miss_1"], figures["dagger_miss_2"]) == (made.miss, 0.25)
    assert figures["dagger_miss_after"] == pytest.approx(made.miss)  # It learnt nothing since.
    film = dagger_film([made, later])
    height = 2 * (24 + 2)  # Frames have edges, and are twice as large.
    assert Image.fromarray(film).size[1] == 4 * height
