"""PPO beside Stable-Baselines3's.

    python -m tests.benchmarks.sim.bench_ppo --sb3 PYTHON --out DIR

The same environments in the same worker processes, network, budget and evaluations (``peer_ppo``),
one training after the other, each kept as a file below DIR, so that it goes on after a stop.
``PYTHON`` is an interpreter with X-Sim's packages and stable-baselines3==2.9.0. Prints CPU seconds
to 90 %, of two evaluations in a row, and what success there was at equal steps.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import rounds as r

SIDES = {
    "ours": "X-Sim",
    "sb3-ours": "SB3, our settings, VecNormalize",
    "sb3": "SB3, its defaults",
}
GOAL = 0.9
PEER = "tests.benchmarks.sim.peer_ppo"


def train(python, side, task, seed, budget, folder):
    """The lines of one training, made if they are not there."""
    path = folder / f"{task}.{side}.{seed}.jsonl"
    if not path.exists():
        begun, place = path.with_suffix(".begun"), folder / path.stem
        place.mkdir(exist_ok=True)
        command = [python, "-m", PEER, side, task, str(seed), str(budget)]
        with begun.open("w") as file:
            subprocess.run([*command, str(place)], stdout=file, check=True)
        begun.rename(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def to_goal(lines):
    """Steps and CPU seconds of the first of two evaluations in a row at the goal, or None."""
    for one, after in itertools.pairwise(lines):
        if min(one["success"], after["success"]) >= GOAL:
            return one
    return None


def ppo_table(found):
    """A row a training: success at every evaluation, and what the goal cost."""
    lines = ["| task, seed | | steps | success, of 32 | CPU s | CPU s to 90 % |", "|" + "---|" * 6]
    for run in found["trainings"]:
        last, reached = run["lines"][-1], to_goal(run["lines"])
        way = " → ".join(f"{line['success']:.2f}" for line in run["lines"])
        cost = f"{reached['cpu_s']:.0f}" if reached else f"not within {last['steps']} steps"
        lines.append(
            f"| {run['task']}, {run['seed']} | {SIDES[run['side']]} | {last['steps']} | {way} | "
            f"{last['cpu_s']:.0f} | {cost} |"
        )
    where = (
        f"An evaluation each {found['trainings'][0]['lines'][0]['steps']} steps; {found['cpu']}, "
        f"{found['cores']} cores, load {found['load']:.0f}, commit {found['commit']}, "
        f"{found['date'][:10]}."
    )
    return "\n".join(lines) + "\n\n" + where + "\n"


def main():
    asked = r.arguments(
        __doc__,
        sb3=(sys.executable, "interpreter with stable-baselines3"),
        out=("ppo_runs", "folder of the trainings"),
        tasks=("PushCube-v1,PickCube-v1", "ManiSkill's"),
        sides=(",".join(SIDES), "which"),
        seeds=(3, "how many"),
        budget=(120_000, "environment steps"),
    )
    folder, trainings = Path(asked.out), []
    folder.mkdir(parents=True, exist_ok=True)
    for task in asked.tasks.split(","):
        for seed in range(1, asked.seeds + 1):
            for side in asked.sides.split(","):
                lines = train(asked.sb3, side, task, seed, asked.budget, folder)
                trainings.append({"task": task, "seed": seed, "side": side, "lines": lines})
                print(task, seed, side, to_goal(lines), file=sys.stderr)
    found = {**r.circumstances(), "trainings": trainings}
    print(ppo_table(found))
    r.publish(found, asked.json)


if __name__ == "__main__":
    main()
