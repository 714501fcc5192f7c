"""Rollouts that came home as a row: what is known of them, and what is said beside."""

import numpy as np
import pytest

from tests.evaluate.fixtures import make_rollouts
from tests.world.test_rollouts import recording
from xsim_core.artifacts import RealRollouts
from xsim_core.evaluate.robot import NOBODY_SAID, PROGRESS, robot_row
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def store():
    return ArtifactStore("memory://")


def row_of(store, outcome, name):
    outcome = None if outcome is None else np.array(outcome, np.int8)
    ref = make_rollouts(store, recording(), outcome=outcome, name=name)
    return robot_row("student", store.open(ref, RealRollouts))


def test_known_outcomes_are_a_row_and_unknown_ones_are_said(store):
    row, notes = row_of(store, [1, -1], "1")
    assert (row.name, row.success.tolist()) == ("student_robot", [True])
    np.testing.assert_array_equal(row.progress, [1])
    rate = row.rate()
    assert (rate.domain, rate.successes, rate.trials) == ("robot", 1, 1)
    assert notes == (PROGRESS, "1 rollouts on the robot ended unseen and are left out")


def test_all_known_are_counted(store):
    row, notes = row_of(store, [1, 0], "2")
    assert row.success.tolist() == [True, False]
    assert notes == (PROGRESS,)


@pytest.mark.parametrize(("outcome", "name"), [(None, "3"), ([-1, -1], "4")])
def test_where_nobody_looked_there_is_no_row(store, outcome, name):
    assert row_of(store, outcome, name) == (None, (NOBODY_SAID,))
