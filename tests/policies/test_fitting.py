"""xsim_core/policies/fitting.py: a fit that was stopped goes on as if it had not been."""

import numpy as np
import pytest
import torch

from tests.policies.toy import SMALL, toy_episodes
from xsim_core.errors import TrainingDivergedError
from xsim_core.policies import (
    AugmentConfig,
    ChunkSampler,
    MinMaxNormalizer,
    OptimConfig,
    Trainer,
    fitting,
)
from xsim_core.policies.fitting import fit, new_net, torch_threads, training_figures

OPTIM = OptimConfig(num_steps=10, batch_size=8, noise_draws=1, warmup_steps=2)


@pytest.fixture(scope="module")
def sampler():
    episodes = toy_episodes(4, rng=np.random.default_rng(0))
    state, action = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
    return ChunkSampler(episodes, state, action, SMALL, AugmentConfig())


def fitted(sampler, checkpoint, *, stop_at=None):
    trainer, told = Trainer(new_net(SMALL, seed=3), OPTIM), []

    def auxiliary(net, rng):
        if trainer.step == stop_at:
            raise KeyboardInterrupt
        return 0.01 * rng.random() * sum((p**2).sum() for p in net.parameters())

    fit(
        trainer,
        sampler,
        seed=5,
        checkpoint=checkpoint,
        progress=lambda fraction, figures: told.append((fraction, figures)),
        auxiliary=auxiliary,
    )
    return trainer, told


def test_a_fit_that_was_stopped_ends_as_an_unbroken_one(sampler, tmp_path, monkeypatch):
    unbroken, told = fitted(sampler, tmp_path / "unbroken.npz")
    assert unbroken.step == 10
    assert told[-1][0] == 1.0
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "SAVES_APART", 0.0)
    with pytest.raises(KeyboardInterrupt):
        fitted(sampler, tmp_path / "stopped.npz", stop_at=6)
    resumed, _ = fitted(sampler, tmp_path / "stopped.npz")
    assert resumed.losses == unbroken.losses
    for name, value in unbroken.average.items():
        assert torch.equal(resumed.average[name], value), name


def test_a_fit_in_parts_is_one_fit(sampler, tmp_path):
    unbroken, _ = fitted(sampler, tmp_path / "unbroken.npz")
    told = []
    for until in (4, 7, None):  # Each part is another process's, which has the checkpoint only.
        parts = Trainer(new_net(SMALL, seed=3), OPTIM)

        def auxiliary(net, rng):
            return 0.01 * rng.random() * sum((p**2).sum() for p in net.parameters())

        fit(
            parts,
            sampler,
            seed=5,
            checkpoint=tmp_path / "parts.npz",
            progress=lambda fraction, figures: told.append(fraction),
            auxiliary=auxiliary,
            until=until,
        )
        assert parts.step == (until or 10)
    assert told == [0.4, 0.7, 1.0]
    assert parts.losses == unbroken.losses
    for name, value in unbroken.average.items():
        assert torch.equal(parts.average[name], value), name


def test_a_finished_fit_is_not_fitted_again(sampler, tmp_path):
    trainer, _ = fitted(sampler, tmp_path / "done.npz")
    trainer.save(tmp_path / "done.npz")
    again, told = fitted(sampler, tmp_path / "done.npz", stop_at=10)
    assert again.losses == trainer.losses
    assert [fraction for fraction, _ in told] == [1.0]


def test_first_weights_come_from_the_seed_and_torchs_stream_is_left_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    a, b, other = (new_net(SMALL, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert any(not torch.equal(a[k], other[k]) for k in a)


def test_threads_are_given_back_also_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), torch_threads(before + 1):
        1 / (torch.get_num_threads() - before - 1)
    assert torch.get_num_threads() == before


def test_figures_of_a_trainer_that_did_nothing_yet_are_no_division_by_zero():
    figures = training_figures(Trainer(new_net(SMALL, seed=0), OPTIM))
    assert figures == {"loss": float("inf"), "step": 0.0, "steps_per_s": 0.0}


def test_a_loss_that_became_nan_ends_the_fit_and_keeps_the_last_good_checkpoint(
    sampler, tmp_path, monkeypatch
):
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "SAVES_APART", 0.0)
    monkeypatch.setattr(fitting, "REPORT_EVERY_S", 0.0)
    trainer = Trainer(new_net(SMALL, seed=3), OPTIM)

    def poison(net, rng):
        return next(net.parameters()).sum() * (np.nan if trainer.step == 4 else 0.0)

    with pytest.raises(TrainingDivergedError, match=r"at step 4.*diverged.npz.*learning_rate"):
        fit(
            trainer,
            sampler,
            seed=5,
            checkpoint=tmp_path / "student.npz",
            progress=lambda *_: None,
            auxiliary=poison,
        )
    with np.load(tmp_path / "diverged.npz") as dump:
        assert np.isnan(dump["losses"][4])
    with np.load(tmp_path / "student.npz") as good:
        assert len(good["losses"]) == 4
        assert np.isfinite(good["losses"]).all()
