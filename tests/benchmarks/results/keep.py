"""``python -m tests.benchmarks.results.keep RUN --home HOME --letter x …``: a run's figures.

What its stages say of themselves, with commit and cost, goes to docs/figures/demo_run_x.json, from
which ``make results`` makes the tables.
"""

import argparse
import json
from pathlib import Path

from tests.benchmarks.results.demo import FIGURES
from xsim_core.api import open_store
from xsim_core.runs import load_record
from xsim_core.stages import EVALUATE


def figures(store, run):
    """Of a run's stages, in their order: summary and cost, commit, and outcomes of the trials."""
    kept, commits, outcomes = {}, {}, {}
    for stage, ref in load_record(store, run).stages.items():
        manifest = store.open(ref).manifest
        made = manifest.provenance
        kept[stage] = {
            "summary": manifest.summary,
            "duration_s": made["duration_s"],
            "peak_memory_mb": made["peak_memory_mb"],
            "num_bytes": manifest.num_bytes,
        }
        commits[stage] = made["commit"]
        if stage == EVALUATE.name:
            outcomes = {
                name.removeprefix("success/"): array.astype(int).tolist()
                for name, array in store.open(ref).arrays("success").items()
            }
    return kept, commits, outcomes


def one_commit(commits):
    """The commit that made every stage, or each with the first stage that it made."""
    first = {}
    for stage, commit in commits.items():
        first.setdefault(commit[:7], stage)
    if len(first) == 1:
        return next(iter(first))
    return ", ".join(f"{commit} from {stage} on" for commit, stage in first.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--home", type=Path, required=True, help="the .xsim that holds its store")
    parser.add_argument("--letter", required=True, help="x, or x2 for its second training")
    parser.add_argument("--of", default="demo", help="demo, or pick_place")
    parser.add_argument("--command", default="make demo", help="what was typed")
    parser.add_argument("--room", default="kitchen")
    parser.add_argument("--where", required=True, help="checkout, user, system, Python")
    parser.add_argument("--load", required=True, help="what else the cores did")
    asked = parser.parse_args()
    store = open_store(asked.home / "store")
    stages, commits, outcomes = figures(store, asked.run)
    kept = {
        "command": asked.command,
        "commit": one_commit(commits),
        "date": load_record(store, asked.run).started[:10],
        "room": asked.room,
        "where": asked.where,
        "load": asked.load,
        "stages": stages,
        "outcomes": outcomes,
    }
    path = FIGURES / f"{asked.of}_run_{asked.letter}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    print(path)


if __name__ == "__main__":
    main()
