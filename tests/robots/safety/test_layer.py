"""What makes a robot brake and what stops it for good; and a hundred thousand hostile actions."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.robots.hostile import run
from tests.robots.states import LIMITS, START, state
from xsim_core.errors import BadInputError
from xsim_core.robots import Safety, TcpTarget

FAR = TcpTarget(np.array([0.6, 0.2, 0.2]), 0.0, 0.0)


class Body:
    """A robot that follows its commands a tick behind, and a clock."""

    def __init__(self, limits=LIMITS):
        self.safety, self.now_s = Safety(limits, state()), 0.0

    def tick(self, target=FAR, *, age_s=0.0, target_age_s=0.0, is_alive=True, **seen):
        self.now_s += LIMITS.dt_s
        at = self.safety.commanded
        given = {"position": at.position, "yaw": at.yaw, "gripper_m": at.gripper_m} | seen
        return self.safety.tick(
            self.now_s,
            state(time_s=self.now_s - age_s, **given),
            target,
            target_time_s=self.now_s - target_age_s,
            is_alive=is_alive,
        )

    def moves(self, **how):
        before = self.safety.commanded.vector()
        return float(np.linalg.norm((self.tick(**how).target.vector() - before)[:3]))


def in_motion():
    body = Body()
    while body.moves() < 0.9 * LIMITS.speed_m_s * LIMITS.dt_s:
        pass
    return body


BRAKES = {
    "dead-man key released": {"is_alive": False},
    "stale observation": {"age_s": 0.6},
    "late action": {"target_age_s": 0.4},
    "not a number": {"target": TcpTarget(np.array([0.6, np.nan, 0.2]), 0.0, 0.0)},
}
STOPS = {
    "force": {"force_n": (0, 0, 31.0)},
    "held away from its command": {"position": (0.3, -0.3, 0.1)},
    "unplausible state": {"position": (0.4, np.nan, 0.1)},
}


@pytest.mark.parametrize("reason", BRAKES)
def test_it_brakes_within_one_period_and_goes_on_when_the_reason_is_gone(reason):
    body = in_motion()
    first = body.tick(**BRAKES[reason])
    assert (first.reason, first.is_stopped) == (reason, False)
    for _ in range(LIMITS.num_stop_ticks - 1):
        body.tick(**BRAKES[reason])
    assert body.moves(**BRAKES[reason]) < 1e-9
    assert body.tick().reason is None
    assert body.moves() > 0


@pytest.mark.parametrize("reason", STOPS)
def test_what_the_world_does_stops_it_for_good(reason):
    body = in_motion()
    assert body.tick(**STOPS[reason]).reason == reason
    for _ in range(LIMITS.num_stop_ticks - 1):
        body.tick()
    assert body.moves() < 1e-9
    assert body.tick().is_stopped
    assert body.safety.stopped_by == reason


def test_a_robot_that_estimates_no_force_may_move_and_an_infinite_force_stops_it():
    assert Body().tick(force_n=(np.nan,) * 3).reason is None
    assert Body().tick(force_n=(np.inf, 0, 0)).reason == "force"


def test_times_that_are_no_numbers_are_late_and_stale():
    assert Body().tick(age_s=np.nan).reason == "stale observation"
    assert Body().tick(target_age_s=np.nan).reason == "late action"
    assert Body().tick(target=None).reason == "late action"


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"position": (0.1, 0.0, 0.1)}, "outside the box"),
        ({"position": (np.nan, 0.0, 0.1)}, "no number"),
    ],
)
def test_it_does_not_begin_where_it_may_not_be(where, says):
    with pytest.raises(BadInputError, match=says):
        Safety(LIMITS, state(**where))


def test_it_does_not_begin_with_a_hand_that_points_away():
    tilted = state()
    tilted.T_world_tcp[:3, :3] = np.eye(3)
    with pytest.raises(BadInputError, match="point down"):
        Safety(LIMITS, tilted)


def test_a_sagging_arm_begins_at_the_edge_of_its_box():
    safety = Safety(LIMITS, state((0.45, 0.0, 0.01)))
    assert LIMITS.box_low[2] <= safety.commanded.position[2] < LIMITS.box_low[2] + 1e-6
    np.testing.assert_allclose(safety.commanded.position[:2], START[:2])


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hostile_actions_get_past_no_limit(seed):
    figures = run(200, seed=seed)
    assert figures["over"] == 0, figures


@pytest.mark.slow
def test_a_hundred_thousand_hostile_actions_get_past_no_limit():
    figures = run(100_000, seed=20261130)
    assert figures["actions"] >= 100_000
    assert figures["over"] == 0, figures
