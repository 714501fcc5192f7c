"""xsim_core/sim/vision/reporting_policy.py: it says what is surely done, never less than before."""

import numpy as np
import pytest

from xsim_core.sim.vision.reporting_policy import ReportingPolicy


class Still:
    def __init__(self):
        self.begun = []

    def reset(self, seeds):
        self.begun.append(list(seeds))

    def act(self, rgb, state):
        return np.zeros((len(state), 3), np.float32)


def run(groups, *, num_episodes, horizon, steps):
    told, policy = [], Still()
    reporting = ReportingPolicy(policy, num_episodes, horizon, lambda f, _: told.append(f))
    for group, count in zip(groups, steps, strict=True):
        reporting.reset(group)
        for _ in range(count):
            action = reporting.act(
                np.zeros((len(group), 2, 2, 3), np.uint8), np.zeros((len(group), 6))
            )
            assert action.shape == (len(group), 3)
    assert policy.begun == [list(g) for g in groups]
    return told


def test_the_fraction_rises_to_the_end():
    told = run([[1, 2], [3, 4]], num_episodes=4, horizon=5, steps=[5, 5])
    assert told == pytest.approx([k / 10 for k in range(1, 11)])


def test_episodes_that_end_early_count_once_the_next_group_begins():
    told = run([[1, 2], [3, 4]], num_episodes=4, horizon=10, steps=[3, 2])
    assert told == pytest.approx([0.05, 0.1, 0.15, 0.55, 0.6])
    assert told == sorted(told)


def test_a_last_group_filled_up_with_idle_environments_says_no_more_than_all():
    told = run([[1, 2, 3, 4], [5, 5, 5, 5]], num_episodes=5, horizon=2, steps=[2, 2])
    assert told[-1] == 1.0
    assert max(told) == 1.0
