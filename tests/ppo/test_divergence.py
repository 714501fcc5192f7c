"""xsim_core/ppo/divergence.py: what became no number ends the training and is kept."""

import numpy as np
import pytest

from xsim_core.errors import TrainingDivergedError
from xsim_core.policies.teacher import ActorCritic, RunningNormaliser
from xsim_core.ppo.divergence import check_finite
from xsim_core.ppo.update import Rollout

FIGURES = {"kl": 0.01, "policy_loss": -0.1, "value_loss": 0.5, "eval_success": np.nan}


def rollout():
    def flat(*more):
        return np.zeros((5, 3, *more), np.float32)

    return Rollout(
        obs=flat(4),
        actions=flat(2),
        logprobs=flat(),
        values=flat(),
        rewards=flat(),
        terminated=np.zeros((5, 3), bool),
        truncated=np.zeros((5, 3), bool),
        next_values=flat(),
    )


def check(folder, played, **figures):
    net, normaliser = ActorCritic(4, 2, (8,), seed=0), RunningNormaliser(4)
    check_finite(played, FIGURES | figures, net, normaliser, iteration=7, folder=folder)


def test_numbers_pass(tmp_path):
    check(tmp_path, rollout())
    assert not list(tmp_path.iterdir())


def test_what_the_simulator_spoilt_first_is_named_and_kept(tmp_path):
    played = rollout()
    played.obs[3, 1, 2] = np.nan
    played.rewards[2, 1] = np.inf
    played.values[3:] = np.nan
    with pytest.raises(
        TrainingDivergedError, match="iteration 7: rewards of environment 1 at step 2"
    ):
        check(tmp_path, played, policy_loss=np.nan)
    with np.load(tmp_path / "diverged.npz") as dump:
        assert np.isinf(dump["rollout/rewards"][2, 1])
        assert {"net/log_std", "mean", "var"} <= set(dump.files)


def test_a_loss_of_good_numbers_is_the_update_s_own(tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"value_loss.*ppo.learning_rate"):
        check(tmp_path, rollout(), value_loss=np.inf)
