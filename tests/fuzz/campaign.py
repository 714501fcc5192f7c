"""Spoilt files by the hundred thousand through every reader, in slices that can be resumed.

``python -m tests.fuzz.campaign FOLDER --inputs 100000`` writes a file for each slice into the
folder, passes over those that are there, and writes ``figures.json`` over all of them.
"""

import argparse
import json
import os
import platform
import selectors
import subprocess
import sys
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from xsim_core.scratch import write_text

from .formats import FORMATS
from .worker import chosen

SEED = 20261129
SLICE = 5000
OUTCOMES = (
    "accepted", "refused", "not one sentence", "believed though unsound", "traceback", "swollen",
    "crash", "hang",
)  # fmt: skip
SOUND = ("accepted", "refused")
HANG_CPU_S, HANG_S, START_S = 30.0, 900.0, 900.0
"""Of one input. The times by the clock are long: at the lowest priority on a busy machine a start
alone takes minutes, and a process that waits for a core does not hang."""


class Worker:
    """A reading process and what it says."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ)
        self._selector.register(self.process.stderr, selectors.EVENT_READ)
        self._buffer, self.stderr, self.has_hung = b"", b"", False

    def lines(self):
        """Each line as it comes, until the process ends, or is ended because it hangs."""
        with self.process, self._selector:
            yield from self._lines()

    def _lines(self):
        begun_s, cpu_s, limit_s = time.monotonic(), 0.0, START_S
        while True:
            for key, _ in self._selector.select(timeout=2):
                data = os.read(key.fd, 1 << 16)
                if key.fileobj is self.process.stderr:
                    self.stderr = (self.stderr + data)[-8000:]
                    if not data:
                        self._selector.unregister(key.fileobj)
                    continue
                if not data:
                    self.stderr += self.process.communicate()[1]
                    return
                *whole, self._buffer = (self._buffer + data).split(b"\n")
                yield from whole
                begun_s, cpu_s, limit_s = time.monotonic(), self._cpu_s(), HANG_S
            if self._cpu_s() - cpu_s > HANG_CPU_S or time.monotonic() - begun_s > limit_s:
                self.has_hung = True
                self.process.kill()
                return

    def _cpu_s(self):
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return times.user + times.system

    def how_it_ended(self):
        """Signal or code, and the innermost lines that the fault handler named."""
        said = [line.strip() for line in self.stderr.decode(errors="replace").splitlines()]
        frames = [line for line in said if line.startswith("File ")][:4]
        return f"ended with {self.process.returncode}; {' < '.join(frames) or said[-1:]}"


def reading(seed, first, end, only):
    """The worker that reads inputs ``first`` to ``end``."""
    words = [str(seed), str(first), str(end), *only]
    return Worker([sys.executable, "-m", "tests.fuzz.worker", *words])


def read_range(seed, first, end, only=(), *, start=reading):
    """What became of each input: (number, format, outcome, what is said, CPU seconds)."""
    while first < end:
        worker = start(seed, first, end, only)
        lines = worker.lines()
        if next(lines, b"") != b"ready":
            raise RuntimeError(f"the worker did not start: {worker.stderr.decode()[-2000:]}")
        for line in lines:
            row = json.loads(line)
            first = row[0] + 1
            yield row
        if worker.process.returncode != 0:
            name, _ = chosen(seed, first, only)
            what = "hang" if worker.has_hung else "crash"
            yield [first, name, what, worker.how_it_ended(), 0.0]
            first += 1


def run_slice(seed, first, end, only=()):
    """Counts by format, faults with their inputs, and the CPU time of reading."""
    counts, faults, slowest, total_s = {}, {}, Counter(), 0.0
    for number, name, what, said, cpu_s in read_range(seed, first, end, only):
        counts.setdefault(name, Counter())[what] += 1
        slowest[name] = max(slowest[name], cpu_s)
        total_s += cpu_s
        if what not in SOUND:
            faults.setdefault(f"{name}: {what}: {said}", []).append(number)
    return {
        "seed": seed, "first": first, "end": end, "counts": counts, "faults": faults,
        "slowest_cpu_s": slowest, "reading_cpu_s": round(total_s, 1),
    }  # fmt: skip


def figures(slices):
    """The sum of slices. Faults are counted without the inputs that show them."""
    counts = {name: Counter() for name in FORMATS}
    counts = {name: c for name, c in counts.items() if any(name in s["counts"] for s in slices)}
    faults, slowest = Counter(), Counter()
    for one in slices:
        for name, by_outcome in one["counts"].items():
            counts[name].update(by_outcome)
        for name, cpu_s in one["slowest_cpu_s"].items():
            slowest[name] = max(slowest[name], cpu_s)
        faults.update({said: len(numbers) for said, numbers in one["faults"].items()})
    every = Counter()
    for by_outcome in counts.values():
        every.update(by_outcome)
    return {
        "seed": sorted({one["seed"] for one in slices}),
        "commits": sorted({one.get("commit", "") for one in slices}),
        "python": platform.python_version(),
        "inputs": every.total(),
        "outcomes": {what: every[what] for what in OUTCOMES},
        "reading_cpu_s": round(sum(one["reading_cpu_s"] for one in slices), 1),
        "formats": {
            name: {what: c[what] for what in OUTCOMES if c[what]} | {"slowest_cpu_s": slowest[name]}
            for name, c in counts.items()
        },
        "faults": dict(faults.most_common()),
    }


def table(found):
    """The figures as Markdown."""
    rows = [
        "| format | inputs | read | refused in a sentence | anything else | slowest, CPU |",
        "|---|---|---|---|---|---|",
    ]
    for name, c in found["formats"].items():
        n = sum(c.get(what, 0) for what in OUTCOMES)
        read, refused = (c.get(what, 0) for what in SOUND)
        rows.append(
            f"| {name} | {n:,} | {read:,} | {refused:,} | {n - read - refused} | "
            f"{c['slowest_cpu_s']:.2f} s |"
        )
    return "\n".join(rows)


def main():
    """Run what is missing, sum up, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=(), choices=FORMATS, metavar="FORMAT")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()

    kind = f"some-{zlib.crc32(repr(given.only).encode()):08x}" if given.only else "all"

    def kept(first):
        path = given.folder / f"{kind}-{given.seed}-{first:08d}.json"
        if not path.exists():
            end = min(first + SLICE, given.inputs)
            made = run_slice(given.seed, first, end, given.only) | {"commit": commit}
            write_text(path, json.dumps(made, indent=1))
        found = json.loads(path.read_text())
        print(path.name, {k: len(v) for k, v in found["faults"].items()}, flush=True)
        return found

    with ThreadPoolExecutor(given.jobs) as pool:
        found = figures(list(pool.map(kept, range(0, given.inputs, SLICE))))
    write_text(given.folder / "figures.json", json.dumps(found, indent=1) + "\n")
    print(table(found))
    print(json.dumps({"inputs": found["inputs"], **found["outcomes"]}))


if __name__ == "__main__":
    main()
