"""CPU seconds of a command from its start to its end.

    python -m tests.benchmarks.orchestration.bench_start

User and system time of whole processes, as the machine may be shared; told is the least of
``--rounds``, on a store of one toy run on disk.
"""

import math
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import rounds as r
from tests.flows.toys import make_toy_run
from xsim_core.runs import RunRecord, save_record

COMMANDS = {
    "xsim --help": ("--help",),
    "xsim status": ("status",),
    "xsim show RUN:STAGE": ("show", "toy:splat"),
}


def candidates(folder):
    """Python alone, and the commands, each as a process."""
    store, refs = make_toy_run(folder)
    save_record(store, RunRecord(name="toy", stages=refs, state="completed", elapsed_s=1.0))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XSIM_")}
    environment |= {"XSIM_STORE": store.url, "XSIM_HOME": str(folder)}
    xsim = [sys.executable, "-c", "from flows.cli.main import main; main()"]
    processes = {name: [*xsim, *words] for name, words in COMMANDS.items()}
    processes = {'python -c ""': [sys.executable, "-c", ""], **processes}
    for name, command in processes.items():
        yield r.Candidate(name, r.as_process(command, environment, Path.cwd()))


def main():
    asked = r.arguments(__doc__, rounds=(12, "of each command"))
    with tempfile.TemporaryDirectory() as folder:
        found = r.measure(
            list(candidates(Path(folder))), rounds=asked.rounds, round_s=0.0, slow_s=math.inf
        )
    least_s = {name: float(seconds[:, 1].min()) for name, seconds in found.items()}
    for name, cpu_s in least_s.items():
        print(f"{name:<24}{cpu_s:.2f} s")
    r.publish({"benchmark": "start", **r.circumstances(), "least_cpu_s": least_s}, asked.json)


if __name__ == "__main__":
    main()
