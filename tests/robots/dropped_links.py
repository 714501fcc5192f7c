"""Links that drop in full motion, by the thousand; what the robot does then, seen from outside.

``python -m tests.robots.dropped_links --out docs/figures/robot_links.json``. Two ways:

- *silent*: the link stands and nothing comes any more; the safety layer of the client brakes.
  Counted from the tick in which it notices, and held against every limit on the way.
- *gone*: the client is gone; the robot of MuJoCo, in lockstep, holds the last target that it was
  given. Counted from there: what it is told, and when its arm has come to rest.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from xsim_core.robots import RobotState, Safety, TcpTarget
from xsim_core.robots.mujoco_robot.arm import CYCLE_S
from xsim_core.robots.mujoco_robot.robot import Faults, MujocoRobot
from xsim_core.robots.safety.limits import SafetyLimits

from .scenes import scene
from .states import LIMITS, START, state, worst

REST_M_S = 0.01
PATIENCE_TICKS = 100
MOTION_TICKS = 60
EACH_RESET = 5
WATCHED_CYCLES = 60
GOALS = (0.38, -0.3, 0.1), (0.62, 0.3, 0.32)


def silent(num, *, seed):
    """The safety layer's stops after the last state came, in full motion."""
    rng, ticks, over, speeds, noticed = np.random.default_rng(seed), [], 0, [], Counter()
    corners = np.array([[*LIMITS.box_low, -1.5, 0.0], [*LIMITS.box_high, 1.5, 0.08]])
    for _ in range(num):
        safety, sent, now_s = Safety(LIMITS, state()), [np.array([*START, 0.0, 0.04])], 0.0
        goal = TcpTarget.of_vector(corners[rng.integers(2, size=5), range(5)])
        last, since = int(rng.integers(5, MOTION_TICKS)), None
        for tick in range(last + PATIENCE_TICKS):
            now_s += LIMITS.dt_s
            at = safety.commanded
            if tick <= last:
                seen = state(at.position, time_s=now_s, yaw=at.yaw, gripper_m=at.gripper_m)
            done = safety.tick(now_s, seen, goal, target_time_s=now_s, is_alive=True)
            sent.append(done.target.vector())
            if tick > last and since is None and done.reason is not None:
                since = tick
                noticed[done.reason] += 1
                speeds.append(np.linalg.norm(sent[-2][:3] - sent[-3][:3]) / LIMITS.dt_s)
            if np.abs(sent[-1] - sent[-2]).max() > 1e-12:
                moved = tick
        ticks.append(PATIENCE_TICKS if since is None else max(0, moved - since + 1))
        found, left = worst(np.array(sent), LIMITS)
        over += any(v > 1 for v in found.values()) or any(v > 0 for v in left.values())
    return {
        "links": num,
        "noticed_by": dict(noticed),
        "speed_before_m_s": spread(speeds),
        "ticks_to_rest": spread(ticks),
        "one_period_ticks": LIMITS.num_stop_ticks,
        "later_than_one_period": int(np.sum(np.array(ticks) > LIMITS.num_stop_ticks)),
        "over_a_limit": int(over),
    }


def gone(num, *, seed):
    """The MuJoCo robot's rest after its client is gone, in full motion."""
    rng, low, high = np.random.default_rng(seed), np.array(GOALS[0]), np.array(GOALS[1])
    limits = SafetyLimits(box_low=(0.3, -0.4, 0.02), box_high=(0.7, 0.4, 0.4))
    rest_s, way_m, speeds, told_after = [], [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        robot, now_s = MujocoRobot(scene(), Path(folder), Faults(camera_hz=0)), 0.0
        for k in range(num):
            if k % EACH_RESET == 0:
                robot.reset(0)
                robot._publish(now_s)
            # Somebody connects, and takes it where it stands.
            safety = Safety(limits, RobotState(**robot.state()))
            go = TcpTarget(np.where(rng.random(3) < 0.5, low, high), 0.0, 0.0)
            for _ in range(int(rng.integers(15, MOTION_TICKS))):
                state_now, before = RobotState(**robot.state()), tcp(robot)
                sent = safety.tick(now_s, state_now, go, target_time_s=now_s, is_alive=True).target
                robot._waiting.append((now_s + robot.faults.command_delay_s, sent))
                robot._cycle(now_s)
                now_s += CYCLE_S
            at = tcp(robot)
            speeds.append(float(np.linalg.norm(at - before)) / CYCLE_S)
            robot.hold()
            held, cycles = robot._target.vector(), 0
            for cycle in range(1, WATCHED_CYCLES + 1):
                before = tcp(robot)
                robot._cycle(now_s)
                now_s += CYCLE_S
                cycles = (
                    cycle if np.linalg.norm(tcp(robot) - before) / CYCLE_S > REST_M_S else cycles
                )
                told_after += not np.array_equal(robot._target.vector(), held)
            rest_s.append(cycles * CYCLE_S)
            way_m.append(float(np.linalg.norm(tcp(robot) - at)))
    return {
        "links": num,
        "speed_before_m_s": spread(speeds),
        "told_to_move_after": told_after,
        "arm_at_rest_after_s": spread(rest_s),
        "rest_is_below_m_s": REST_M_S,
        "way_after_m": spread(way_m),
    }


def tcp(robot):
    return robot._arm.T_world_tcp[:3, 3].copy()


def spread(values):
    p50, p99, top = np.quantile(np.array(values, float), [0.5, 0.99, 1.0])
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4), "max": round(float(top), 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--silent", type=int, default=1000)
    parser.add_argument("--gone", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    figures = {
        "silent": silent(given.silent, seed=given.seed),
        "gone": gone(given.gone, seed=given.seed),
    }
    given.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
