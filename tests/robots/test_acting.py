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
        self.num_asked, self.may_go = 0, threading.Semaphore(0)

    def __call__(self, rgb, state):
        self.may_go.acquire()
        self.num_asked += 1
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
