"""A whole rollout over the wire: start, act, see, record, judge; and what ends it early."""

import itertools
import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.waiting import until
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.recording import read_rollout
from xsim_core.robots.rollout import Setup, run_rollout
from xsim_core.robots.session import run_session
from xsim_core.robots.sight import PolicySight, policy_state
from xsim_core.sim.task import TaskSpec

from .scenes import TCP_START
from .states import state

pytest.importorskip("mujoco")


def push(rgb, seen):
    """Along +y until the hand is where the object should have gone, then stay.

    A quarter of the way in the steps of a chunk that are carried out: what is seen is so late that
    a hastier one swings about its goal.
    """
    assert rgb.shape == (72, 96, 3)
    left = 0.02 - 0.045 - seen[1]
    return np.tile(np.array([0, np.clip(left / 0.24, -1, 1), 0], np.float32), (8, 1))


def test_a_push_succeeds_and_is_recorded_row_for_row(setup, tmp_path):
    path = tmp_path / "a.rollout"
    result = run_rollout(setup, push, seed=0, path=path)
    rollout = read_rollout(path)
    assert (result.outcome, rollout.outcome) == ("success", "success")
    assert len(rollout.steps) == result.num_steps
    first, last = rollout.steps[0], rollout.steps[-1]
    np.testing.assert_allclose(first["observation.state"][:3], TCP_START, atol=0.01)
    assert last["observation.state"][1] > TCP_START[1] + 0.08
    assert rollout.rgb(0).shape == (120, 160, 3)
    assert rollout.depth_mm(0).dtype == np.uint16
    times = [step["timestamp"] for step in rollout.steps]
    assert times == sorted(times)
    assert result.figures["picture_to_chunk_ms"]["p50"] > 0


@pytest.mark.parametrize("reason", ["dead-man key released", "not a number"])
def test_who_may_not_move_stays_where_he_is(setup, tmp_path, reason):
    bad = reason == "not a number"
    held = Setup(**(vars(setup) | {"is_alive": lambda: bad, "task": TaskSpec(name="p", horizon=5)}))
    think = (lambda rgb, seen: np.full((8, 3), np.nan, np.float32)) if bad else push
    result = run_rollout(held, think, seed=0, path=tmp_path / "a.rollout")
    rollout = read_rollout(tmp_path / "a.rollout")
    assert result.outcome == "failure"
    assert result.figures["held_back"][reason] > 0
    moved = np.ptp([step["target"][:3] for step in rollout.steps], axis=0)
    assert moved.max() < 1e-6


def test_a_link_that_breaks_ends_the_rollout_and_keeps_its_steps(setup, tmp_path):
    path, num_seen = tmp_path / "a.rollout", itertools.count(1)

    def think(rgb, seen):
        if next(num_seen) == 2:
            setup.driver._connection.socket.close()
        return np.zeros((8, 3), np.float32)

    result = run_rollout(setup, think, seed=0, path=path)
    rollout = read_rollout(path)
    assert (result.outcome, rollout.outcome) == ("lost", "lost")
    assert "link" in result.why
    assert len(rollout.steps) == result.num_steps
    assert rollout.num_lost_bytes == 0


def test_a_policy_that_fails_does_not_leave_the_robot_to_itself(setup, tmp_path):
    def fails(rgb, seen):
        raise ValueError("no such policy")

    path = tmp_path / "a.rollout"
    with pytest.raises(ValueError, match="no such policy"):
        run_rollout(setup, fails, seed=0, path=path)
    rollout = read_rollout(path)
    assert (rollout.outcome, rollout.figures["why"]) == ("stopped", "ended by ValueError")
    until(lambda: "robot stream" not in [thread.name for thread in threading.enumerate()])


def test_the_policy_sees_its_part_of_the_picture():
    camera = PinholeCamera(160, 120, np.array([[150.0, 0, 80.0], [0, 150, 60.0], [0, 0, 1]]))
    view = PinholeCamera(48, 36, np.array([[75.0, 0, 20.0], [0, 75, 15.0], [0, 0, 1]]))
    # A picture whose values are its coordinates: each of the policy's pixels says where it looks.
    u, v = np.meshgrid(np.arange(160), np.arange(120))
    picture = np.stack([u, v, np.zeros_like(u)], axis=-1).astype(np.uint8)
    image = PolicySight(camera, view).image(picture)
    row, column = 9, 31
    ray = (np.array([column, row]) - [20.0, 15.0]) / 75.0
    np.testing.assert_allclose(image[row, column, :2], ray * 150 + [80, 60], atol=0.51)


@pytest.mark.parametrize(
    ("fx", "cx", "says"),
    [(600.0, 47.5, "does not show|pixels for each"), (90.0, 300.0, "not show")],
)
def test_a_camera_that_shows_something_else_is_refused(fx, cx, says):
    camera = PinholeCamera(160, 120, np.array([[150.0, 0, 80.0], [0, 150, 60.0], [0, 0, 1]]))
    view = PinholeCamera(96, 72, np.array([[fx, 0, cx], [0, fx, 35.5], [0, 0, 1]]))
    with pytest.raises(BadInputError, match=says):
        PolicySight(camera, view)


def test_the_policys_state_is_the_trainings():
    seen = policy_state(state((0.4, 0.1, 0.2), yaw=0.3, gripper_m=0.04), 0.08)
    wanted = [0.4, 0.1, 0.2, np.sin(0.3), np.cos(0.3), 0.5]
    np.testing.assert_allclose(seen, wanted, atol=1e-6)


def test_a_session_says_whether_it_is_over_however_it_ends(setup, tmp_path):
    pushes = SimpleNamespace(image_hw=(72, 96), state_dim=6)
    policy = SimpleNamespace(
        ref="a push",
        task_name="push",
        student=SimpleNamespace(architecture=pushes),
        thinker=lambda seed: push,
    )
    short = replace(setup, task=TaskSpec(name="push", horizon=1, action_position_m=0.015))
    seen = []

    def say(seed, result):
        if seed == 1:
            seen.append(json.loads((tmp_path / "summary.json").read_text()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_session(policy, short, [0, 1, 2], tmp_path, say=say)
    last = json.loads((tmp_path / "summary.json").read_text())
    assert [(s["is_over"], s["rollouts"]) for s in (*seen, last)] == [(False, 1), (True, 2)]
