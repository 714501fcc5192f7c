"""Hostile actions by the hundred thousand against the safety layer, seen from outside.

``python -m tests.robots.hostile --actions 120000 --out docs/figures/robot_safety.json`` writes
the largest of what was sent, each over its limit. Whoever acts is as bad as he can be: NaN,
infinities, jumps from corner to corner at the worst rhythm, targets that lead out of the box,
times from the future, a dead-man key that flickers.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from xsim_core.robots import Safety, TcpTarget

from .states import LIMITS, START, state, worst

EPISODE = 500


def actions(rng, num):
    """(target, its age, is the key held) num times, in stretches of one kind of malice."""
    axes = LIMITS.axes()
    corners = np.stack([axes.low, axes.high])
    left = 0
    for i in range(num):
        if left == 0:
            kind, left, period = rng.integers(7), int(rng.integers(1, 60)), int(rng.integers(1, 25))
            goal = rng.uniform(axes.low - 0.2, axes.high + 0.2)
        left -= 1
        target, age_s, held = goal, 0.0, True
        if kind == 0:
            target = corners[(i // period) % 2, range(5)]
        elif kind == 1:
            target = corners[rng.integers(2, size=5), range(5)]
        elif kind == 2:
            target = rng.standard_normal(5) * 10.0 ** rng.integers(-6, 300)
        elif kind == 3:
            target = np.where(rng.random(5) < 0.4, rng.choice([np.nan, np.inf, -np.inf], 5), goal)
        elif kind == 4:
            age_s = rng.choice([0.0, -5.0, 1.0, np.nan, np.inf])
        elif kind == 5:
            held = bool(rng.random() < 0.5)
        yield TcpTarget.of_vector(np.asarray(target, float)), age_s, held


def run(num, *, seed):
    """The largest that was sent in ``num`` actions, one each tick, in episodes from rest."""
    rng, now_s = np.random.default_rng(seed), 0.0
    ratios, outside, num_stops, longest = {}, {}, 0, 0
    for begin in range(0, num, EPISODE):
        safety, sent = Safety(LIMITS, state()), [np.array([*START, 0.0, 0.04])]
        for target, age_s, held in actions(rng, min(EPISODE, num - begin)):
            now_s += LIMITS.dt_s
            at = safety.commanded
            seen = state(at.position, time_s=now_s, yaw=at.yaw, gripper_m=at.gripper_m)
            sent.append(
                safety.tick(
                    now_s, seen, target, target_time_s=now_s - age_s, is_alive=held
                ).target.vector()
            )
        num_stops, before = num_stops + 1, sent[-1]
        for ticks in range(1, LIMITS.num_stop_ticks + 2):
            sent.append(
                safety.tick(now_s, seen, None, target_time_s=now_s, is_alive=False).target.vector()
            )
            if np.abs(sent[-1] - before).max() > 1e-12:
                longest = max(longest, ticks)
            before = sent[-1]
        found, left = worst(np.array(sent), LIMITS)
        ratios = {name: max(value, ratios.get(name, 0.0)) for name, value in found.items()}
        outside = {name: max(value, outside.get(name, -np.inf)) for name, value in left.items()}
    over = [n for n, v in ratios.items() if v > 1] + [n for n, v in outside.items() if v > 0]
    return {
        "actions": num,
        "seed": seed,
        "limits": LIMITS.model_dump(),
        "largest_over_limit": {name: round(value, 9) for name, value in ratios.items()},
        "furthest_outside": outside,
        "stops": num_stops,
        "longest_stop_ticks": longest,
        "stop_limit_ticks": LIMITS.num_stop_ticks,
        "over": len(over) + (longest > LIMITS.num_stop_ticks),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=120_000)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    figures = run(given.actions, seed=given.seed)
    given.out.write_text(json.dumps(figures, indent=1) + "\n")
    raise SystemExit(1 if figures["over"] else 0)


if __name__ == "__main__":
    main()
