"""The toy's real world has other colours: calibration must carry the student over."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.policies.toy import SMALL, rollout, toy_episodes, toy_student
from xsim_core.calibrate.config import TeachConfig
from xsim_core.calibrate.finetune import (
    AlignConfig,
    agreement_figures,
    encoder_features,
    finetune,
)
from xsim_core.calibrate.pairs import GateConfig, Pairs
from xsim_core.calibrate.pictures import feature_plot, pair_mosaic
from xsim_core.policies import AugmentConfig, ClosedLoopStudent, OptimConfig, TaughtWindows, fitting
from xsim_core.policies.chunks import window_rows

SEEDS = list(range(100, 130))
STILL = AugmentConfig(shift_px=0, light=None)


def in_reality(rgb):
    """Another palette: the dot is dark on a light ground."""
    return (255 - rgb[..., ::-1] // 2).astype(np.uint8)


def toy_pairs(num_rollouts=30, *, is_taught=False):
    episodes = toy_episodes(num_rollouts, rng=np.random.default_rng(9))
    n = len(episodes.action)
    _, chunk, mask = window_rows(np.arange(n), episodes, SMALL)
    poses = np.tile(np.eye(4), (n, 1, 1))
    # Only the dot is visible here, so it stands for everything that moves.
    seen = episodes.rgb.astype(float).sum(-1).reshape(n, -1).argmax(1)
    poses[:, 0, 3], poses[:, 1, 3] = seen % 32 / 100, seen // 32 / 100
    return Pairs(
        in_reality(episodes.rgb),
        episodes.rgb,
        np.repeat(np.arange(num_rollouts), 10),
        poses,
        poses.copy(),
        np.zeros((n, 3)),
        np.zeros((n, 3)),
        np.ones(n, np.float32),
        episodes.state,
        episodes.action[chunk][:, : 8 * is_taught],
        mask[:, : 8 * is_taught],
    )


@pytest.fixture(scope="module")
def toy():
    return toy_student(SMALL, steps=250)


def test_calibration_carries_the_student_into_another_palette(toy, tmp_path):
    student, episodes = toy
    pairs, held_out = toy_pairs(), toy_pairs(3)
    trainer, calibrated = finetune(
        student,
        episodes,
        pairs,
        optim=OptimConfig(num_steps=120, learning_rate=2e-3, warmup_steps=20),
        align=AlignConfig(augment=STILL, weight=0.3),
        teach=None,
        augment=STILL,
        state_noise=0.0,
        seed=0,
        checkpoint=tmp_path / "c.npz",
        progress=lambda f, x: None,
    )
    assert trainer.step == 120
    before = rollout(ClosedLoopStudent(student), SEEDS, look=in_reality)
    after = rollout(ClosedLoopStudent(calibrated), SEEDS, look=in_reality)
    assert np.median(after) < 0.5 * np.median(before), (np.median(before), np.median(after))
    was, now = (agreement_figures(s, held_out, 0.012) for s in (student, calibrated))
    assert now["alignment"] > was["alignment"]
    assert now["retrieval"] >= was["retrieval"]
    in_simulation = rollout(ClosedLoopStudent(calibrated), SEEDS)
    assert (in_simulation < 0.2).mean() > 0.8


@pytest.mark.parametrize("images", ["real", "both"])
def test_labels_of_real_images_carry_the_student_there_too(toy, tmp_path, images):
    student, episodes = toy
    pairs = toy_pairs(is_taught=True)
    pairs.mask[::7, 3:] = 0
    pairs.action[::7, 3:] = 50.0  # What the mask leaves out is not learnt from.
    _, calibrated = finetune(
        student,
        episodes,
        pairs,
        optim=OptimConfig(num_steps=80, learning_rate=2e-3, warmup_steps=10),
        align=AlignConfig(weight=0.0),
        teach=TeachConfig(augment=STILL, images=images),
        augment=STILL,
        state_noise=0.0,
        seed=0,
        checkpoint=tmp_path / "c.npz",
        progress=lambda f, x: None,
    )
    before = rollout(ClosedLoopStudent(student), SEEDS, look=in_reality)
    after = rollout(ClosedLoopStudent(calibrated), SEEDS, look=in_reality)
    assert np.median(after) < 0.5 * np.median(before), (np.median(before), np.median(after))
    assert (rollout(ClosedLoopStudent(calibrated), SEEDS) < 0.2).mean() > 0.8


def test_windows_that_are_in_no_dataset_are_learnt_from_beside_it(toy, tmp_path):
    student, episodes = toy
    n = len(episodes.action)
    _, chunk, mask = window_rows(np.arange(n), episodes, SMALL)
    elsewhere = in_reality(episodes.rgb)[:, None]
    _, taught = finetune(
        student,
        episodes,
        toy_pairs(1),
        optim=OptimConfig(num_steps=80, learning_rate=2e-3, warmup_steps=10),
        align=AlignConfig(weight=0.0),
        teach=None,
        taught=TaughtWindows(elsewhere, episodes.state[:, None], episodes.action[chunk], mask),
        taught_share=0.5,
        augment=STILL,
        state_noise=0.0,
        seed=0,
        checkpoint=tmp_path / "c.npz",
        progress=lambda f, x: None,
    )
    before = rollout(ClosedLoopStudent(student), SEEDS, look=in_reality)
    after = rollout(ClosedLoopStudent(taught), SEEDS, look=in_reality)
    assert np.median(after) < 0.5 * np.median(before), (np.median(before), np.median(after))


def test_an_interrupted_fine_tuning_goes_on(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "SAVES_APART", 0.0)
    monkeypatch.setattr(fitting, "REPORT_EVERY_S", 0.0)
    student, episodes = toy
    steps = []

    def interrupt(fraction, figures):
        if figures["step"] == 4:
            raise KeyboardInterrupt

    def go(progress):
        return finetune(
            student,
            episodes,
            toy_pairs(3),
            optim=OptimConfig(num_steps=8, batch_size=8, warmup_steps=2),
            align=AlignConfig(weight=0.1),
            teach=None,
            augment=STILL,
            state_noise=0.0,
            seed=0,
            checkpoint=tmp_path / "c.npz",
            progress=progress,
        )

    with pytest.raises(KeyboardInterrupt):
        go(interrupt)
    trainer, _ = go(lambda fraction, figures: steps.append(figures["step"]))
    assert min(steps) > 1
    assert trainer.step == 8


def test_the_gate_drops_what_disagrees():
    pairs = toy_pairs(1)
    pairs.T_world_object_sim[0, 0, 3] += 0.05
    pairs.T_world_object_sim[1, :3, :3] = np.diag([-1, -1, 1])
    pairs.tcp_sim[2, 1] += 0.05
    pairs.score[3] = 0.0
    kept = pairs.trusted(GateConfig())
    np.testing.assert_array_equal(np.flatnonzero(~kept), [0, 1, 2, 3])
    assert len(pairs.take(kept)) == 6
    assert len(Pairs.concatenate([pairs, pairs])) == 20


def test_pictures_of_pairs_and_features(toy):
    student, _ = toy
    pairs = toy_pairs(2)
    mosaic = pair_mosaic(pairs, pairs.trusted(GateConfig()), rows=2, columns=3)
    assert Image.open(io.BytesIO(mosaic)).size == (3 * (2 * 64 + 8), 2 * (48 + 8))
    features = encoder_features(student, pairs.real), encoder_features(student, pairs.sim)
    assert Image.open(io.BytesIO(feature_plot(features, features, pairs.rollout))).width > 300
