"""The demo's student on the MuJoCo robot, before and after calibration, from the same starts.

    python -m tests.benchmarks.robots.bench_on_mujoco --runs demo --starts 40 --out FIGURES

In lockstep (``lockstep``), so that the machine's load changes nothing. ``--runs`` takes several,
with commas: trainings of one capture.
"""

import argparse
import json
import tempfile
from pathlib import Path

from flows.cli.policies.serve_robot import scene_of_run
from tasks.settings import load_settings
from tests.benchmarks.robots.lockstep import Lockstep, paired
from xsim_core.policies.statistics import wilson_interval
from xsim_core.refs import find_ref
from xsim_core.robots.session import PolicyOnRobot

STUDENTS = {"plain": "diffusion", "calibrated": "calibrate"}


def in_figures(won, more):
    """Of one student, or of several together."""
    low, high = wilson_interval(sum(won), len(won))
    told = {"successes": sum(won), "rollouts": len(won), "low": round(low, 4)}
    return told | {"high": round(high, 4), "won": [int(w) for w in won], **more}


def figures_of(given, refs, results):
    """What is written after each start: every run by itself, and all together."""
    told = {"picture_s": given.picture_s, "thinking_s": given.thinking_s, "wait": given.wait}
    told |= {"starts": len(next(iter(results.values()))), "runs": {}}
    won = {key: [r["won"] for r in found] for key, found in results.items()}
    runs = list(dict.fromkeys(run for run, _ in results))
    for run in runs:
        of = {
            student: in_figures(
                won[run, student],
                {
                    "policy": str(refs[run, student]),
                    "stopped": [r["stopped"] for r in results[run, student] if r["stopped"]],
                },
            )
            for student in STUDENTS
        }
        told["runs"][run] = of | {
            "calibrated_against_plain": paired(*(won[run, s] for s in STUDENTS))
        }
    together = {s: [w for run in runs for w in won[run, s]] for s in STUDENTS}
    told["together"] = {s: in_figures(w, {}) for s, w in together.items()}
    told["together"]["calibrated_against_plain"] = paired(*together.values())
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="demo")
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--picture-s", type=float, default=0.1)
    parser.add_argument("--thinking-s", type=float, default=0.2)
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    store, runs = load_settings().open_store(), given.runs.split(",")
    keys = [(run, student) for run in runs for student in STUDENTS]
    refs = {(run, s): find_ref(store, f"{run}:{STUDENTS[s]}") for run, s in keys}
    results = {key: [] for key in keys}
    with tempfile.TemporaryDirectory() as scratch:
        here = {
            (run, s): Lockstep(
                PolicyOnRobot(store, refs[run, s], Path(scratch) / run / s / "sim"),
                scene_of_run(store, run),
                Path(scratch) / run / s / "robot",
                picture_s=given.picture_s,
                thinking_s=given.thinking_s,
                waits=given.wait,
            )
            for run, s in keys
        }
        for seed in range(given.starts):
            for key in keys:
                results[key].append(last := here[key].attempt(seed, "switch"))
                print(seed, *key, last["won"], last["stopped"], last["steps"], flush=True)
            told = figures_of(given, refs, results)
            given.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
