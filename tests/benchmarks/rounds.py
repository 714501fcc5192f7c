"""Interleaved rounds: every candidate is timed in every round, so that neighbours hit them all.

Ratios are taken within a round and only then put together; that of the best times stands beside
them. On a busy machine CPU time tells more than wall time, where nothing waits for disk or server.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np


@dataclass
class Candidate:
    """``run(first, count)`` does units ``first``… and answers (wall, CPU) seconds."""

    name: str
    run: Callable[[int, int], tuple[float, float]]
    count: int = 1


def timed(work):
    """A ``run`` that calls ``work(i)`` for each unit; ``i`` differs from unit to unit."""

    def run(first, count):
        wall, cpu = time.perf_counter(), time.process_time()
        for k in range(first, first + count):
            work(k)
        return time.perf_counter() - wall, time.process_time() - cpu

    return run


def as_process(command, environment, folder):
    """Wall seconds of a process and CPU seconds of it and its children."""

    def run(first, count):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        for _ in range(count):
            subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - start, cpu

    return run


class Elsewhere:
    """A peer in a process of its own that says ``ready`` and then answers ``first count`` lines."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout.readline().strip() == "ready", f"{command} could not start"

    def run(self, first, count):
        self.process.stdin.write(f"{first} {count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(candidates, *, rounds, round_s=0.02, most=200, slow_s=0.5, slow_every=5, seed=0):
    """(rounds, 2) wall and CPU seconds a unit, by name; the order is drawn anew for each round.

    What takes longer than ``slow_s`` runs in every ``slow_every``-th round only (NaN in others).
    """
    every = {}
    for candidate in candidates:
        for warm in range(2):  # The first pays for page tables, imports, connections.
            wall, cpu = candidate.run(warm, 1)
        candidate.count = max(1, min(most, round(round_s / wall)))
        every[candidate.name] = slow_every if cpu > slow_s else 1
    seconds = {c.name: np.full((rounds, 2), np.nan) for c in candidates}
    order = random.Random(seed)
    for k in range(rounds):
        for candidate in order.sample(candidates, len(candidates)):
            if k % every[candidate.name] == 0:
                spent = candidate.run(most * (1 + k), candidate.count)
                seconds[candidate.name][k] = np.array(spent) / candidate.count
    return seconds


def table(seconds, *, peer, by="wall"):
    """Rows of medians, bests and the speed against the peer (more is faster), by wall or CPU."""
    column = {"wall": 0, "cpu": 1}[by]
    reference = seconds[peer][:, column]
    rows = []
    for name, values in seconds.items():
        own = values[:, column]
        low, middle, high = np.nanquantile(reference / own, [0.25, 0.5, 0.75])
        medians, bests = 1e3 * np.nanmedian(values, axis=0), 1e3 * np.nanmin(values, axis=0)
        rows.append(
            {
                "name": name, "median_ms": float(medians[0]), "best_ms": float(bests[0]),
                "cpu_median_ms": float(medians[1]), "cpu_best_ms": float(bests[1]),
                "ratio": float(middle), "ratio_quartiles": [float(low), float(high)],
                "ratio_of_best": float(np.nanmin(reference) / np.nanmin(own)), "ratio_by": by,
                "rounds": int(np.isfinite(own).sum()),
            }
        )  # fmt: skip
    return rows


def text(rows, *, peer, unit):
    """The rows as aligned text."""
    lines = [
        f"one {unit}, ms; speed against {peer} by {rows[0]['ratio_by']} time",
        f"{'':<40}{'median':>9}{'best':>9}{'CPU':>9}{'best':>9}{'speed':>8} quartiles       bests",
    ]
    for r in rows:
        low, high = r["ratio_quartiles"]
        lines.append(
            f"{r['name']:<40}{r['median_ms']:>9.3f}{r['best_ms']:>9.3f}{r['cpu_median_ms']:>9.3f}"
            f"{r['cpu_best_ms']:>9.3f}{r['ratio']:>8.3f} {low:.3f} .. {high:.3f} "
            f"{r['ratio_of_best']:>7.3f}"
        )
    return "\n".join(lines)


def circumstances():
    """Where and when this was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")
    return {
        "commit": commit, "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "cpu": cpu,
        "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1),
        "kernel": platform.release(), "python": platform.python_version(),
    }  # fmt: skip


def arguments(doc, **extra):
    """``--rounds``, ``--json`` and what a benchmark adds: name → (default, help)."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    for name, (default, about) in extra.items():
        kind = {"type": type(default)} if default is not None else {}
        parser.add_argument(f"--{name.replace('_', '-')}", default=default, help=about, **kind)
    return parser.parse_args()


def publish(result, path):
    """The result as JSON, into the file if there is one."""
    if path:
        path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
