"""A row becomes one of one moment: joints of its picture's time, and what was commanded from it."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.rollouts.timeline import timeline_of

from .recordings import DT_S, NAMES, SPEED_M_S, step_at

NAN = np.full(3, np.nan)


def test_joints_are_those_of_the_pictures_time():
    rows = timeline_of([step_at(i, lag_s=0.37) for i in range(12)], NAMES)
    seen_s = 0.05 + DT_S * rows.steps - 0.37
    inside = seen_s > 0.05
    np.testing.assert_allclose(rows.state[inside, 1], SPEED_M_S * seen_s[inside], atol=1e-6)
    np.testing.assert_allclose(rows.qpos[inside, 0], seen_s[inside], atol=1e-6)
    # Before the first row nothing is known but where it stood then.
    np.testing.assert_allclose(rows.state[~inside, 1], SPEED_M_S * 0.05, atol=1e-6)
    np.testing.assert_allclose(rows.qpos[:, 7:], 0.5 * 0.04)
    assert rows.worst_lag_s == pytest.approx(0.37)


def test_an_action_belongs_to_the_picture_that_lay_before_it():
    rows = timeline_of([step_at(i, action=np.array([0.1 * i, 0, 0])) for i in range(8)], NAMES)
    # Row i shows what was 0.28 s before: from there to the next picture lies the action of row
    # i - 2. Two pictures of before anything was commanded show that it stood, and are one.
    assert rows.steps.tolist() == [0, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(rows.action[:, 0], [0, 0, 0.1, 0.2, 0.3, 0.4, 0.5], atol=1e-6)


def test_a_picture_that_comes_again_is_one_row_with_all_that_was_commanded_meanwhile():
    steps = [step_at(i, lag_s=0.02 + DT_S * (i % 2), action=np.full(3, 0.3)) for i in range(10)]
    rows = timeline_of(steps, NAMES)
    assert rows.steps.tolist() == [0, 2, 4, 6, 8]
    assert (rows.num_repeated, rows.num_exceeding) == (5, 0)
    np.testing.assert_allclose(rows.action[:, 0], 0.6, atol=1e-6)
    fast = timeline_of([s | {"action": np.full(3, 0.8)} for s in steps], NAMES)
    assert fast.num_exceeding == 5
    assert fast.action.max() == 1


def test_waiting_is_left_out_and_the_moves_around_it_stay():
    still = step_at(4)["observation.state"]
    acting = [step_at(i, lag_s=0) for i in range(5)]
    waiting = [step_at(5 + i, lag_s=0, action=NAN) | {"observation.state": still} for i in range(6)]
    again = [step_at(11 + i, lag_s=0) for i in range(3)]
    rows = timeline_of([*acting, *waiting, *again], NAMES)
    assert rows.num_waiting == 5
    assert rows.steps.tolist() == [0, 1, 2, 3, 4, 5, 11, 12, 13]
    np.testing.assert_array_equal(rows.action[5], 0)


def test_the_gripper_is_where_it_was_told_to_be_last():
    names = (*NAMES, "gripper")
    told = [NAN, NAN, 1.0, np.nan, -0.5]
    steps = [
        step_at(
            i, lag_s=0, action=np.array([0, 1, 0, g]) if np.size(g) == 1 else np.full(4, np.nan)
        )
        for i, g in enumerate(told)
    ]
    rows = timeline_of(steps, names)
    # Half open before anything was said: 0.02 m of -0.01 to 0.04 m.
    np.testing.assert_allclose(rows.action[:, 3], [0.2, 0.2, 1, 1, -0.5], atol=1e-6)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"timestamp": 0.0}, "do not increase"),
        ({"observation.qpos": np.full(7, np.nan)}, "'observation.qpos' is not a finite number"),
        ({"observation.state": np.zeros(5)}, "no 'observation.state' of one shape"),
        ({"action": np.zeros(4)}, "no 'action' of one shape"),
        ({"frame_age_s": np.inf}, "'frame_age_s' is not a finite number"),
    ],
)
def test_rows_that_cannot_be_are_refused(spoilt, said):
    steps = [step_at(i) for i in range(4)]
    steps[2] = steps[2] | spoilt
    with pytest.raises(BadInputError, match=said):
        timeline_of(steps, NAMES)


def test_actions_of_another_number_and_rows_without_pictures_are_refused():
    with pytest.raises(BadInputError, match="its actions are not the 4 numbers"):
        timeline_of([step_at(0), step_at(1)], (*NAMES, "gripper"))
    with pytest.raises(BadInputError, match="none of its rows has a picture"):
        timeline_of([step_at(0, lag_s=np.nan), step_at(1, lag_s=np.nan)], NAMES)
