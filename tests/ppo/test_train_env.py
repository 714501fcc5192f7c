"""PPO on anybody's environment: it learns, goes on to the bit, and says what it cannot do."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from tests.ppo.reach import Reach, limited
from xsim_core.errors import BadInputError, TrainingDivergedError
from xsim_core.ppo import EnvProcesses, PPOSettings, train_ppo
from xsim_core.scratch import read_arrays

TINY = PPOSettings(
    num_env_steps=240, num_steps=10, eval_every=2, num_eval_episodes=4, hidden_sizes=(8,)
)
LEARNS = PPOSettings(
    num_env_steps=20_000, num_steps=32, hidden_sizes=(16,), success_threshold=0.95,
    eval_every=5, num_eval_episodes=20,
)  # fmt: skip


def without_success():
    return limited(tells=False)


def test_it_learns_to_reach_in_a_vector_env_of_gymnasiums(tmp_path):
    envs = SyncVectorEnv([limited] * 8)
    trained = train_ppo(envs, LEARNS, folder=tmp_path)
    assert trained.reached_threshold
    assert trained.curve["eval_success"][-1] >= 0.95
    action = trained.act(np.float32([[-1.0, 0.0]]))
    assert action.shape == (1, 1)
    assert 0.5 < action[0, 0] <= 2.0, "to the right, within the space's bounds"
    assert {"obs_mean", "obs_var"} < set(read_arrays(tmp_path / "policy.npz"))


def test_without_success_the_return_says_which_policy_is_best(tmp_path):
    with EnvProcesses(without_success, num_envs=4) as envs:
        trained = train_ppo(envs, TINY, folder=tmp_path)
    curve = trained.curve
    assert not trained.reached_threshold
    assert np.isnan(curve["eval_success"]).all()
    assert np.isfinite(curve["eval_return"]).all()
    assert len(curve["train_return"]) == 6


def train(folder, progress=lambda fraction, figures: None):
    with EnvProcesses(limited, num_envs=4, seed=2) as envs:
        return train_ppo(envs, TINY, folder=folder, progress=progress)


def test_an_interrupted_training_comes_to_the_same_weights(tmp_path):
    whole = train(tmp_path / "whole")

    def interrupt(fraction, figures):
        if figures["env_steps"] == 120:  # An iteration behind the second of three checkpoints.
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", interrupt)
    seen = []
    again = train(tmp_path / "cut", lambda fraction, figures: seen.append(figures["env_steps"]))
    assert seen[0] == 120, "it went on from the checkpoint at 80"
    one, other = (read_arrays(tmp_path / name / "policy.npz") for name in ("whole", "cut"))
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert again.curve["value_loss"].tolist() == whole.curve["value_loss"].tolist()


class Endless(Reach):
    """Nothing ends it."""

    def step(self, action):
        obs, reward, _, truncated, info = super().step(action)
        return obs, reward, False, truncated, info


def test_an_episode_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("xsim_core.ppo.episodes.MAX_EPISODE_STEPS", 50)
    with (
        EnvProcesses(Endless, num_envs=2) as envs,
        pytest.raises(BadInputError, match="max_episode_steps"),
    ):
        train_ppo(envs, TINY, folder=tmp_path)


class Broken(Reach):
    """Its numbers end."""

    def step(self, action):
        obs, reward, *rest = super().step(action)
        return obs, reward if self.steps < 5 else np.nan, *rest


def broken():
    return gymnasium.wrappers.TimeLimit(Broken(), 7)


def test_nan_ends_the_training_and_leaves_its_state(tmp_path):
    with (
        EnvProcesses(broken, num_envs=2) as envs,
        pytest.raises(
            TrainingDivergedError, match="iteration 1: rewards of environment 0 at step 4"
        ),
    ):
        train_ppo(envs, TINY, folder=tmp_path)
    assert np.isnan(read_arrays(tmp_path / "diverged.npz")["rollout/rewards"]).any()
