"""How chunks are joined, on the robot of MuJoCo in lockstep: paired starts, one student.

    python -m tests.benchmarks.robots.bench_hand_over --policy demo:calibrate --out FIGURES

The robot, its eye, the safety layer and the policy are those of ``xsim robot run``; the clock is
not: time goes on by what was simulated, pictures are ``--picture-s`` old when they are seen and a
chunk comes ``--thinking-s`` after it was asked for, so that other work on the machine changes
nothing. Each start is tried in every way before the next one is.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from flows.cli.policies.serve_robot import scene_of_run
from tasks.settings import load_settings
from tests.benchmarks.robots.lockstep import Lockstep, paired
from xsim_core.policies.statistics import wilson_interval
from xsim_core.refs import find_ref
from xsim_core.robots.session import PolicyOnRobot

WAYS = ("switch", "ensemble", "inpaint")


def in_figures(results):
    """Of one way."""
    wins = [r["won"] for r in results]
    low, high = wilson_interval(sum(wins), len(wins))
    merged = {
        k: np.concatenate([np.array(r[k]) for r in results])
        for k in ("at_seams", "elsewhere", "by_chunk", "jerk")
    }
    return {
        "successes": sum(wins),
        "rollouts": len(wins),
        "low": round(low, 4),
        "high": round(high, 4),
        "won": [int(w) for w in wins],
        "stopped": [r["stopped"] for r in results if r["stopped"]],
        "steps_to_success_median": (
            float(np.median([r["steps"] for r in results if r["won"]])) if any(wins) else None
        ),
        "chunks_a_second": round(
            10 * sum(r["chunks"] for r in results) / sum(r["steps"] for r in results), 2
        ),
        "picture_to_chunk_s": float(np.median([r["latency_s"] for r in results])),
        "steps_without_action": sum(r["still"] for r in results),
        "step_of_executed_actions_where_a_chunk_came": quantiles(merged["at_seams"]),
        "step_of_executed_actions_elsewhere": quantiles(merged["elsewhere"]),
        "what_a_chunk_changed": quantiles(merged["by_chunk"]),
        "jerk_of_targets_m_s3": {
            "rms": round(float(np.sqrt(np.mean(merged["jerk"] ** 2))), 2),
            "p99": round(float(np.quantile(merged["jerk"], 0.99)), 2),
        },
    }


def quantiles(values):
    if not len(values):
        return {"n": 0}
    p50, p95 = np.quantile(values, [0.5, 0.95])
    return {"n": len(values), "p50": round(float(p50), 4), "p95": round(float(p95), 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", default="demo:calibrate")
    parser.add_argument("--run", default="demo")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--picture-s", type=float, default=0.1)
    parser.add_argument("--thinking-s", type=float, default=0.2)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    store = load_settings().open_store()
    ref = find_ref(store, given.policy)
    results = {w: [] for w in WAYS}
    with tempfile.TemporaryDirectory() as scratch:
        here = Lockstep(
            PolicyOnRobot(store, ref, Path(scratch) / "sim"),
            scene_of_run(store, given.run),
            Path(scratch) / "robot",
            picture_s=given.picture_s,
            thinking_s=given.thinking_s,
        )
        for seed in range(given.starts):
            for way in WAYS:
                results[way].append(here.attempt(seed, way))
                last = results[way][-1]
                print(seed, way, last["won"], last["stopped"], last["steps"], flush=True)
            won = {w: [r["won"] for r in results[w]] for w in WAYS}
            told = {
                "policy": str(ref),
                "starts": seed + 1,
                "picture_s": given.picture_s,
                "thinking_s": given.thinking_s,
                "ways": {w: in_figures(results[w]) for w in WAYS},
                "against_switch": {w: paired(won["switch"], won[w]) for w in WAYS[1:]},
            }
            given.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
