"""A student in 20 drawn worlds against the one.

    python -m tests.benchmarks.students.bench_evaluate

Both rows of a finished run's evaluation, tried again one after the other in this process alone, so
that CPU time counts all of it and other work on the machine little. ``--rounds`` repeats them.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.benchmarks import rounds
from xsim_core.artifacts import RealWorld
from xsim_core.evaluate import EvaluateConfig
from xsim_core.evaluate.trials import TrialRunner
from xsim_core.policies.fitting import torch_threads
from xsim_core.runs import load_record
from xsim_core.sim.open import open_sim_world
from xsim_core.storage import ArtifactStore, Runtime


def measured(store, stages, folder):
    """CPU and wall seconds of each row of the run's uncalibrated student."""
    config = EvaluateConfig()
    ref = stages["evaluate"]
    out = store.begin(ref.kind, "be" * 12, runtime=Runtime(num_workers=0))
    runner = TrialRunner(
        open_sim_world(store.open(stages["build_sim"]), folder), config, out, num_rows=2
    )
    students = {"student": store.open(stages["diffusion"])}
    world = store.open(stages["ingest_world"], RealWorld)
    rows = {
        "the world": lambda: runner.reality(world, students),
        "20 drawn worlds": lambda: runner.worlds(world, students),
    }
    found = {}
    try:
        for name, run in rows.items():
            cpu_s, wall_s = time.process_time(), time.monotonic()
            trials = sum(row.success.size for row in run())
            found[name] = {
                "cpu_s": round(time.process_time() - cpu_s, 1),
                "wall_s": round(time.monotonic() - wall_s, 1),
                "trials": trials,
            }
            print(name, found[name], flush=True)
    finally:
        store.discard(out)
        out.clear_scratch()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="of a finished run, as XSIM_HOME")
    parser.add_argument("--run", default="demo")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where it is kept")
    asked = parser.parse_args()
    store = ArtifactStore((asked.home.resolve() / "store").as_uri())
    stages = load_record(store, asked.run).stages
    found = []
    with torch_threads(1):
        for _ in range(asked.rounds):
            with tempfile.TemporaryDirectory() as folder:
                rows = measured(store, stages, Path(folder))
            ratio = round(rows["20 drawn worlds"]["cpu_s"] / rows["the world"]["cpu_s"], 2)
            found.append({"rows": rows, "drawn_over_one": ratio})
            print("20 worlds over the one:", ratio, flush=True)
    if asked.json:
        kept = {"machine": rounds.circumstances(), "rounds": found}
        asked.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
