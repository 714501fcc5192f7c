"""xsim_core/policies/misses.py: how far a student acts from a teacher."""

import numpy as np
import pytest

from tests.policies.toy import HW, SMALL
from xsim_core.policies import MinMaxNormalizer, Student, misses
from xsim_core.policies.fitting import new_net
from xsim_core.policies.misses import mean_actions, teacher_miss

RANGE = MinMaxNormalizer.fit(np.array([[-1.0, -1.0], [1.0, 1.0]]))


@pytest.fixture
def seen():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (7, *HW, 3), dtype=np.uint8)
    return rgb, rng.uniform(-1, 1, (7, 2)).astype(np.float32)


def student(**changes):
    net = new_net(SMALL.model_copy(update=changes), seed=0)
    return Student(net.eval(), RANGE, RANGE)


def test_an_action_is_averaged_over_the_same_noises(seen):
    acted = mean_actions(student(), *seen)
    assert acted.shape == (7, SMALL.n_action_steps, 2)
    np.testing.assert_array_equal(acted, mean_actions(student(), *seen))
    noises = np.random.default_rng(0).standard_normal((4, 7, SMALL.horizon, 2), np.float32)
    alone = [student().sample_actions(*(x[:, None] for x in seen), noise) for noise in noises]
    np.testing.assert_allclose(acted, np.mean(alone, axis=0)[:, : SMALL.n_action_steps], atol=1e-6)


def test_many_windows_are_sampled_in_parts(seen, monkeypatch):
    whole = mean_actions(student(), *seen)
    monkeypatch.setattr(misses, "WINDOWS_AT_ONCE", 3)
    # Other batch sizes take other kernels; noise must not differ, rounding may.
    np.testing.assert_allclose(mean_actions(student(), *seen), whole, atol=1e-4)


def test_one_observation_stands_for_a_whole_window(seen):
    two = student(n_obs_steps=2)
    windows = [np.repeat(x[:, None], 2, axis=1) for x in seen]
    np.testing.assert_array_equal(mean_actions(two, *seen), mean_actions(two, *windows))


def test_a_miss_counts_what_is_carried_out_and_what_the_mask_leaves(seen):
    acted = mean_actions(student(), *seen)
    action = np.full((7, SMALL.horizon, 2), 9.0, np.float32)  # Beyond what is carried out.
    action[:, : acted.shape[1]] = acted + np.array([0.3, 0.4])
    mask = np.ones((7, SMALL.horizon), np.float32)
    action[0], mask[0] = -9.0, 0
    assert teacher_miss(student(), *seen, action, mask) == pytest.approx(0.5, abs=1e-5)
