"""From a complete capture to its first stage.

    python -m tests.benchmarks.orchestration.bench_trigger

A server, its deployments, a worker and, with ``--watch``, ``xsim inbox watch``, started as the
documentation says, in a home of their own; captures are put into the folder inbox, one after
another: copied (``capture.yaml`` last) or moved in whole. A capture is complete when the inbox's
rule says so: none of its files changed within the last ``SETTLE_S``, or a ``LAST_SHARE``-th of it
where ``capture.yaml`` came last, as here. The first stage runs when its
function begins in its own process (``started`` in the artifact's manifest). Then nothing is put in
for ``--idle-s`` seconds, and the processor time of every process is counted.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

import numpy as np
import psutil

from flows.digests import LAST_SHARE
from flows.inbox.captures import SETTLE_S, arrivals
from tests.benchmarks import rounds as r
from tests.capture.conftest import TINY
from tests.faults.laboratory import FINAL, MAIN, ROOT, Laboratory, until
from xsim_core.capture import synthesize_capture
from xsim_core.storage import ArtifactStore

FIRST = "ingest_capture"
STEPS = ("complete", "asked for", "taken", "flow runs", "task runs", "stage runs")
"""The capture, by the inbox's rule; its flow run made, taken by the worker, running; its task."""


class Inbox(Laboratory):
    """A laboratory with an inbox, brought up by the commands that its documentation names."""

    def __enter__(self):
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir(parents=True)
        self.store = ArtifactStore((self.folder / "store").as_uri())
        with ExitStack() as stack:
            stack.callback(self.python, *MAIN, "server", "stop")
            for words in (("server", "start"), ("deploy",)):
                self.python(*MAIN, *words)
            self._server = stack.pop_all()
        return self

    def start(self, *words):
        """One of our commands that stays."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *MAIN, *words],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        self.workers.append(process)
        return process

    def kill_worker(self, worker):
        """With what it started: Prefect gives each run a session of its own."""
        with suppress(psutil.Error):
            for child in psutil.Process(worker.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        super().kill_worker(worker)

    def put(self, capture, name, *, moved):
        """Bring a capture in under a name; when it was there, and when it was complete (Unix)."""
        source, target = self.folder / name, self.inbox / name
        shutil.copytree(capture, source, ignore=shutil.ignore_patterns("capture.yaml"))
        text = (capture / "capture.yaml").read_text().replace("name: tiny", f"name: {name}")
        assert name in text
        (source / "capture.yaml").write_text(text)
        if moved:
            time.sleep(SETTLE_S + 1)  # It has been whole for a while.
            source.rename(target)
            return (now := time.time()), now
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("capture.yaml"))
        shutil.copy2(source / "capture.yaml", target)
        changed = max(p.stat().st_ctime for p in target.rglob("*"))
        return changed, changed + SETTLE_S / LAST_SHARE

    def follow(self, name):
        """Unix times of what happened to a capture's run, which is ended once it has a stage."""
        until(lambda: self._arrival(name), within_s=180)
        run = self._arrival(name).flow_run
        states = self.ask(f"flow_run_states/?flow_run_id={run}")
        times = {"asked for": _unix(min(s["timestamp"] for s in states))}
        until(lambda: self._first_stage(), within_s=180)
        for state in self.ask(f"flow_run_states/?flow_run_id={run}"):
            step = {"PENDING": "taken", "RUNNING": "flow runs"}.get(state["type"])
            if step:
                times[step] = min(times.get(step, np.inf), _unix(state["timestamp"]))
        body = {"flow_runs": {"id": {"any_": [run]}}}
        tasks = [t for t in self.ask("task_runs/filter", body) if t["name"].startswith(FIRST)]
        times["task runs"] = _unix(tasks[0]["start_time"])
        times["stage runs"] = _unix(self._first_stage().provenance["started"])
        self.ask(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
        until(lambda: self.ask(f"flow_runs/{run}")["state_type"] in FINAL, within_s=180)
        for ref in self.store.list_refs():  # The next capture's is then the only one.
            shutil.rmtree(self.folder / "store" / str(ref), ignore_errors=True)
        return times

    def _arrival(self, name):
        found = [a for a in arrivals(self.store).values() if Path(a.folder).name == name]
        return found[0] if found and found[0].flow_run else None

    def _first_stage(self):
        refs = [ref for ref in self.store.list_refs() if ref.kind == "capture"]
        return self.store.manifest(refs[0]) if refs else None


def _unix(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Spent:
    """Processor seconds of processes and of all that they start, those that ended included."""

    def __init__(self, roots):
        self.roots = roots

    def now(self):
        """By name, from the kernel's own count: of the children, those that were waited for."""
        spent = {}
        for name, pid in self.roots.items():
            spent[name] = 0.0
            with suppress(psutil.Error):
                root = psutil.Process(pid)
                for process in (root, *root.children(recursive=True)):
                    with suppress(psutil.Error):
                        spent[name] += sum(process.cpu_times()[:4])
        return spent


def idle_costs(lab, processes, idle_s):
    """Processor seconds a minute of each process while nothing is put in."""
    server = json.loads((lab.folder / "server.json").read_text())["pid"]
    spent = Spent({"server": server, **{name: p.pid for name, p in processes.items()}})
    before = spent.now()
    time.sleep(idle_s)
    after = spent.now()
    return {name: 60 * (after[name] - before[name]) / idle_s for name in before}


def measured(folder, asked):
    """Times of every draw, and what idling costs."""
    capture = folder / "tiny"
    synthesize_capture(capture, TINY)
    draw, found = random.Random(0), []
    with Inbox(folder / "home") as lab:
        processes = {"worker": lab.start("worker", "xsim-cpu")}
        if asked.watch:
            processes["watcher"] = lab.start("inbox", "watch")
        time.sleep(20)
        for k in range(asked.draws):
            # Anywhere within the minute of the scan's schedule and the worker's interval.
            time.sleep(draw.uniform(0, asked.spread_s))
            there, complete = lab.put(capture, f"take{k}", moved=k % 2 == 1)
            times = {"there": there, "complete": complete, **lab.follow(f"take{k}")}
            found.append({**times, "moved": k % 2 == 1, "load": os.getloadavg()[0]})
            print(json.dumps({n: round(t - complete, 2) for n, t in times.items()}), flush=True)
        idle = idle_costs(lab, processes, asked.idle_s) if asked.idle_s else {}
    return found, idle


def table(found):
    """Seconds from the complete capture to each step and between steps: median and worst."""
    rows, before = {}, "complete"
    for step in STEPS[1:]:
        total = [f[step] - f["complete"] for f in found]
        alone = [f[step] - f[before] for f in found]
        rows[step] = {
            "median_s": float(np.median(alone)),
            "worst_s": float(np.max(alone)),
            "since_complete_median_s": float(np.median(total)),
            "since_complete_worst_s": float(np.max(total)),
        }
        before = step
    return rows


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=6, help="captures; every second is moved in")
    parser.add_argument("--watch", action="store_true", help="with xsim inbox watch")
    parser.add_argument("--spread-s", type=float, default=60.0, help="longest wait before each")
    parser.add_argument("--idle-s", type=float, default=180.0, help="0 leaves idling out")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, idle = measured(Path(folder), asked)
    rows = table(found)
    print(f"{'s':<12}{'median':>10}{'worst':>10}   since complete: median, worst")
    for step, row in rows.items():
        print(f"{step:<12}" + "".join(f"{seconds:>10.2f}" for seconds in row.values()))
    for name, cpu_s in idle.items():
        print(f"idle: {name:<10}{cpu_s:.2f} s of CPU a minute")
    r.publish(
        {
            "benchmark": "trigger",
            **r.circumstances(),
            "watch": asked.watch,
            "draws": found,
            "steps": rows,
            "idle_cpu_s_per_minute": idle,
        },
        asked.json,
    )


if __name__ == "__main__":
    main()
