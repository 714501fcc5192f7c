"""Chunks take over at the step that is due, and a policy that waits sees nothing old."""

import threading

import numpy as np
import pytest

from tests.waiting import PATIENCE_S
from xsim_core.robots.acting import SETTLE_S, ChunkedPolicy

DT_S = 0.1
IMAGE, STATE = np.zeros((2, 2, 3), np.uint8), np.zeros(6, np.float32)


class Policy:
    """Chunks whose actions say which chunk and which step they are."""

    def __init__(self):
        self.num_asked, self.may_go, self.priors = 0, threading.Semaphore(0), []

    def __call__(self, rgb, state, *prior):
        self.may_go.acquire()
        self.num_asked += 1
        self.priors.append(prior)
        return np.array([[self.num_asked, i] for i in range(8)], np.float32)


@pytest.fixture
def think():
    return Policy()


def run(acting, think, until, *, latency_steps):
    """Steps of the clock; each thought is released ``latency_steps`` after it was asked for."""
    asked, did = None, []
    for k in range(until):
        now_s = k * DT_S
        if asked is not None and k - asked >= latency_steps:
            think.may_go.release()
            acting._thought.future.result(PATIENCE_S)
            asked = None
        action = acting.action(now_s, (now_s, IMAGE, STATE))
        did.append(None if action is None else (int(action[0]), int(action[1])))
        if acting._thought is not None and asked is None:
            asked = k
    think.may_go.release()
    acting.close()
    return did


def test_the_chunk_that_comes_goes_on_where_its_time_is(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4)
    did = run(acting, think, 12, latency_steps=2)
    # The robot stands still until the first comes, which then begins at its first action.
    assert did[:5] == [None, None, (1, 0), (1, 1), (1, 2)]
    # The second was seen at (1, 2), two steps ago.
    assert did[5:8] == [(1, 3), (2, 2), (2, 3)]
    assert None not in did[2:]
    assert acting.num_waits == 2
    assert max(acting.latencies_s) == pytest.approx(0.2)


def test_a_thought_that_comes_too_late_leaves_the_robot_standing_not_guessing(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4)
    did = run(acting, think, 16, latency_steps=11)
    assert did[11:] == [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]
    assert did[:11] == [None] * 11


def test_one_that_waits_executes_its_steps_settles_and_looks_again(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4, waits=True)
    did = run(acting, think, 14, latency_steps=1)
    pauses = [None] * (int(SETTLE_S / DT_S) + 1)
    first, second = ([(chunk, i) for i in range(4)] for chunk in (1, 2))
    assert did == [None, *first, *pauses, *second, *pauses, (3, 0)]
    assert acting.seams == []


def test_a_seam_is_measured_at_the_step_that_is_due(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4)
    did = run(acting, think, 7, latency_steps=1)
    # Where the first had its action 4, the second takes over with its action 1.
    assert did[4:6] == [(1, 3), (2, 1)]
    assert acting.seams == [3]


def test_an_ensemble_thinks_without_a_pause_and_averages_what_it_has(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4, join="ensemble")
    asked, did = None, []
    for k in range(9):
        if asked is not None and k - asked >= 2:
            think.may_go.release()
            acting._thought.future.result(5)
            asked = None
        action = acting.action(k * DT_S, (k * DT_S, IMAGE, STATE))
        did.append(None if action is None else action.tolist())
        if acting._thought is not None and asked is None:
            asked = k
    think.may_go.release()
    acting.close()
    # The first alone; the second, seen at step 2, joins at step 4 with its action 2.
    assert did[2:4] == [[1, 0], [1, 1]]
    w = np.exp(-0.01 * np.arange(2))
    np.testing.assert_allclose(did[4], [w @ [1, 2] / w.sum(), w @ [2, 2] / w.sum()], 1e-5)
    assert acting.num_chunks == 4
    assert acting.seams[0] == pytest.approx(did[4][0] - 1, abs=1e-6)


def test_one_that_inpaints_is_told_what_it_goes_on_from(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4, join="inpaint")
    run(acting, think, 9, latency_steps=2)
    first, second, *_ = think.priors
    assert first == (None,)
    (prior,) = second
    # Seen at step 4, when (1, 2) was due; two steps are held.
    np.testing.assert_array_equal(prior.actions[:6], [[1, i] for i in range(2, 8)])
    np.testing.assert_array_equal(prior.weights[:2], [1, 1])
    assert 0 < prior.weights[5] < prior.weights[2] < 1
    np.testing.assert_array_equal(prior.weights[6:], [0, 0])


def test_what_is_joined_otherwise_is_told_nothing(think):
    acting = ChunkedPolicy(think, dt_s=DT_S, num_action_steps=4)
    run(acting, think, 5, latency_steps=1)
    assert set(think.priors) == {()}
