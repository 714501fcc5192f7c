"""xsim_core/diffusion/imitation.py: a training with rounds goes on as if nothing had happened."""

import numpy as np
import pytest

from tests.policies.toy import SMALL, SPEED, draw_dot, expert, toy_episodes
from xsim_core.diffusion.config import DaggerConfig, DiffusionConfig
from xsim_core.diffusion.imitation import imitate
from xsim_core.policies import (
    AugmentConfig,
    ClosedLoopStudent,
    OptimConfig,
    TaughtWindows,
    fitting,
)
from xsim_core.sim.dagger.rounds import Round
from xsim_core.storage import ArtifactStore

STEPS = 12
CONFIG = DiffusionConfig(
    architecture=SMALL,
    augment=AugmentConfig(shift_px=0, light=None),
    optim=OptimConfig(num_steps=STEPS, batch_size=8, warmup_steps=2, noise_draws=1),
    dagger=DaggerConfig(after=(0.25, 0.5), num_episodes=4, share=0.5),
    num_eval_episodes=0,
)


def send_out(student, number, told):
    """The student moves points onto dots; the toy's expert says what it should have done."""
    rng = np.random.default_rng([7, number])
    target, position = (rng.uniform(-0.8, 0.8, (4, 2)).astype(np.float32) for _ in range(2))
    actor, parts = ClosedLoopStudent(student), []
    actor.reset(range(4))
    for _ in range(6):
        decides, action = actor.decides(), actor.act(draw_dot(target), position)
        for i in np.flatnonzero(decides).tolist():
            chunk = np.repeat(expert(position, target)[i][None], SMALL.horizon, axis=0)
            rows = (*actor.window(i), chunk, np.ones(SMALL.horizon, np.float32))
            parts.append(TaughtWindows(*(x[None] for x in rows)))
        position = position + SPEED * action
    told(4, 1)
    success = np.array([True, False, False, False])
    return Round(TaughtWindows.concatenate(parts), np.arange(len(parts)) % 4, success, 0.5)


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """A new process's writer for the same recipe, or for another; checkpoints at every step."""
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "SAVES_APART", 0.0)
    monkeypatch.setattr(fitting, "REPORT_EVERY_S", 0.0)

    def begin(name, progress=lambda *_: None):
        store = ArtifactStore((tmp_path / name).as_uri())
        return store.begin("student_policy", "0" * 24, progress=progress)

    return begin


@pytest.fixture(scope="module")
def episodes():
    return toy_episodes(5, rng=np.random.default_rng(0))


def trained(out, episodes, make=send_out, config=CONFIG):
    trainer, student, rounds = imitate(episodes, make, config=config, out=out)
    return trainer.losses, student.net.state_dict(), rounds


def assert_same(one, other):
    assert one[0] == other[0]
    for name, value in one[1].items():
        np.testing.assert_array_equal(value, other[1][name])
    for a, b in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(a.windows.state, b.windows.state)
        np.testing.assert_array_equal(a.windows.rgb, b.windows.rgb)


def test_rounds_are_made_where_they_were_asked_for_and_learnt_from_since(begin, episodes):
    told, steps = [], []

    def noting(student, number, hear):
        steps.append(told[-1][1]["step"])
        return send_out(student, number, hear)

    def hear(fraction, figures):
        told.append((fraction, figures))

    losses, _, rounds = trained(begin("a", hear), episodes, noting)
    assert steps == [3, 6]
    assert [len(r.windows) for r in rounds] == [8, 8]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert told[-1][1]["dagger_success_1"] == told[-1][1]["dagger_success_2"] == 0.25
    plain, _, none = trained(begin("b"), episodes, None, CONFIG.model_copy(update={"dagger": None}))
    assert none == []
    assert losses[:3] == plain[:3]
    assert losses[3:] != plain[3:]


@pytest.mark.parametrize("when", ["before a round", "in a round", "after a round"])
def test_whatever_interrupts_it_the_training_goes_on_as_if_nothing_had(begin, episodes, when):
    unbroken = trained(begin("unbroken"), episodes)
    rounds = []

    def interrupted(student, number, told):
        rounds.append(number)
        if when == "in a round" and number == 1 and rounds.count(1) == 1:
            raise KeyboardInterrupt
        return send_out(student, number, told)

    def interrupt(fraction, figures):
        if figures["step"] == {"before a round": 5, "after a round": 8}.get(when):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(begin("broken", interrupt), episodes, interrupted)
    resumed = trained(begin("broken"), episodes, interrupted)
    assert_same(resumed, unbroken)
    assert rounds == ([0, 1, 1] if when == "in a round" else [0, 1])


def test_where_a_round_is_lost_the_training_starts_over(begin, episodes):
    unbroken = trained(begin("a"), episodes)
    (begin("a").scratch() / "round_0.npz").write_bytes(b"damaged")
    steps = []
    again = trained(begin("a", lambda _, figures: steps.append(figures["step"])), episodes)
    assert min(steps) < 3
    assert_same(again, unbroken)


def test_a_student_learns_from_rounds_what_the_dataset_does_not_show(begin):
    """Episodes show dots on the left; where it is sent out, dots lie on the right."""
    rng = np.random.default_rng(1)
    left = toy_episodes(60, rng=np.random.default_rng(0))

    def to_the_right(student, number, told):
        target = np.column_stack([rng.uniform(0.3, 0.8, 200), rng.uniform(-0.8, 0.8, 200)])
        position = rng.uniform(-0.8, 0.8, (200, 2)).astype(np.float32)
        chunk = np.repeat(expert(position, target)[:, None], SMALL.horizon, axis=1)
        mask = np.ones(chunk.shape[:2], np.float32)
        told(1, 0)
        windows = TaughtWindows(draw_dot(target)[:, None], position[:, None], chunk, mask)
        return Round(windows, np.zeros(200, np.int64), np.array([False]), 1.0)

    brightest = left.rgb[..., 0].reshape(len(left.rgb), -1).argmax(axis=1) % left.rgb.shape[2]
    is_left = (brightest < 16).reshape(60, 10)[:, 0]
    rows = np.repeat(is_left, 10)
    ends = np.arange(1, is_left.sum() + 1) * 10
    shown = type(left)(left.rgb[rows], left.state[rows], left.action[rows], ends)
    optim = OptimConfig(num_steps=80, batch_size=16, learning_rate=3e-3, warmup_steps=10)
    misses = {}
    for name, dagger in (("plain", None), ("dagger", DaggerConfig(after=(0.2,), share=0.5))):
        config = CONFIG.model_copy(update={"dagger": dagger, "optim": optim})
        make = to_the_right if dagger else None
        _, student, _ = imitate(shown, make, config=config, out=begin(name))
        misses[name] = miss_on_the_right(student)
    assert misses["dagger"] < 0.7 * misses["plain"], misses


def miss_on_the_right(student):
    rng = np.random.default_rng(2)
    target = np.column_stack([rng.uniform(0.3, 0.8, 100), rng.uniform(-0.8, 0.8, 100)])
    position = rng.uniform(-0.8, 0.8, (100, 2)).astype(np.float32)
    noise = rng.standard_normal((100, SMALL.horizon, 2), np.float32)
    acted = student.sample_actions(draw_dot(target)[:, None], position[:, None], noise)
    return float(np.linalg.norm(acted[:, 0] - expert(position, target), axis=-1).mean())
