"""A month of a laboratory: 30 captures, 3 tasks, 30 nights, and what befalls them.

``python -m tests.nights.campaign FOLDER --json FILE`` prints the table of nights. FOLDER is to be a
small file system of its own (a tmpfs) for the night in which the disk is full; elsewhere that night
has no fault. The scheduled times are those of 01:30 in Berlin, so that a change of the clocks lies
in the month.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.prefect_server.server import find_server, start_server, stop_server
from flows.retraining.reconstructions import task_key
from flows.retraining.records import NightRecord, nights_of
from tests.nights.accounts import account
from tests.nights.lab import make_lab, one_night, wait_for
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect

ROOT = Path(__file__).parents[2]
FIRST = datetime(2026, 3, 10, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
CLOCKS = {
    "clock three days back": timedelta(days=-3),
    "clock ten years ahead": timedelta(days=3650),
}
LIMIT_H = 6.0 / 3600
"""For a third of the captures on an idle machine."""
FAULTS = {
    4: "process killed", 6: "time limit", 7: "time limit", 8: "time limit", 10: "disk full",
    12: "two captures broken", 13: "two captures broken", 14: "two captures broken",
    16: "server killed, back after 5 s", 18: "server and process killed",
    19: "clocks to summer time", 21: "clock three days back", 22: "clock three days back",
    24: "clock ten years ahead", 26: "ended by Ctrl-C", 27: "machine off",
}  # fmt: skip
"""Night → what befalls it. On 29 March, night 19, 01:30 in Berlin is before the change."""


@dataclass
class Month:
    """The laboratory and what happened so far."""

    folder: Path
    num_tasks: int
    num_captures: int
    store: ArtifactStore = field(init=False)
    files: list[str] = field(init=False)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = ArtifactStore((self.folder / "store").as_uri())
        lab = {"tasks": self.num_tasks, "captures": self.num_captures}
        self.files = make_lab(self.store, self.folder, **lab)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def night(self, number: int) -> None:
        """One night with its fault, and its row."""
        fault, known = FAULTS.get(number, ""), self._known()
        when = (FIRST + timedelta(days=number)).astimezone(ZoneInfo("UTC"))
        when += CLOCKS.get(fault, timedelta())
        if fault == "machine off":
            pass
        elif "killed" in fault or fault == "disk full":
            self._elsewhere(when, fault)
        elif fault == "two captures broken":
            with broken(self.store, "capture-04", b""), broken(self.store, "capture-17", b"{}"):
                self._tasks(when)
        elif fault == "ended by Ctrl-C":
            self._ended(when)
        else:
            self._tasks(when, max_hours=LIMIT_H if fault == "time limit" else None)
        new = [n for n in nights_of(self.store)[0] if (n.task, n.name) not in known]
        row = row_of(number, when, fault, new)
        if len(new) < self.num_tasks:
            row["nights of tasks"]["not begun"] = self.num_tasks - len(new)
        self.rows.append(row)

    def _known(self) -> set[tuple[str, str]]:
        return {(n.task, n.name) for n in nights_of(self.store)[0]}

    def _tasks(self, when: datetime, **how: Any) -> None:
        for file in self.files:
            one_night(self.store, file, when, **how)

    def _ended(self, when: datetime) -> None:
        stages: list[str] = []

        def end(stage: str) -> None:
            stages.append(stage)
            if len(stages) == 20:
                raise KeyboardInterrupt

        try:
            self._tasks(when, before=end)
        except KeyboardInterrupt:
            return

    def _elsewhere(self, when: datetime, fault: str) -> None:
        """A night in a process of its own; its fault comes when three captures had their turn."""
        with_server, known = "server" in fault, self._known()
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "XSIM_"))
        }
        environment |= {
            "XSIM_STORE": self.store.url,
            "XSIM_HOME": str(self.home),
            "XSIM_STAGE_PROCESSES": "0",
        }
        if with_server:
            start_server(self.home)
        how = "flow" if with_server else "plain"
        words = ["-m", "tests.nights.one_night", how, self.store.url, when.isoformat(), *self.files]
        with (self.folder / f"night-{when.toordinal()}.log").open("wb") as log:
            night = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

            def under_way() -> bool:
                new = [n for n in nights_of(self.store)[0] if (n.task, n.name) not in known]
                ended = sum(
                    t.outcome not in ("waiting", "at work") for n in new for t in n.turns.values()
                )
                return ended >= 3 or night.poll() is not None

            wait_for(under_way, 240)
            assert night.poll() is None, "the night was over before it could be killed"
            self._break(night, fault)
            night.wait(1200)
        if with_server and find_server(self.home):
            stop_server(self.home)
        if fault == "disk full":
            resize(self.folder, "1500m")

    def _break(self, night: subprocess.Popen[bytes], fault: str) -> None:
        if "server" in fault:
            server = find_server(self.home)
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
        if "process" in fault:
            night.kill()
        elif "server" in fault and not wait_for(lambda: night.poll() is not None, 5):
            start_server(self.home)
        elif fault == "disk full":
            now = os.statvfs(self.folder)
            used = (now.f_blocks - now.f_bfree) * now.f_frsize
            resize(self.folder, str(used + (1 << 18)))  # It grows while we look.


def resize(disk: Path, size: str) -> None:
    """Of a tmpfs, where the laboratory lies on one."""
    if disk.is_mount():
        subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@contextmanager
def broken(store: ArtifactStore, capture: str, manifest: bytes) -> Iterator[None]:
    """The manifest of a capture's track is other bytes, or gone where there are none."""
    record = store.get_record(f"runs/{capture}.json")
    assert record is not None
    ref = record["stages"]["pose_track"]
    path = f"{ref['kind']}/{ref['fingerprint']}/manifest.json"
    whole = store.read_object(path)
    assert whole is not None
    store.delete_objects([path])
    if manifest:
        store.create_object(path, manifest)
    yield
    store.delete_objects([path])
    store.create_object(path, whole)


def row_of(number: int, when: datetime, fault: str, new: list[NightRecord]) -> dict[str, Any]:
    """A night of the table: all tasks together."""
    outcomes: dict[str, int] = {}
    for n in new:
        for outcome, count in n.counts().items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    states = [n.state for n in new]
    return {
        "night": number,
        "scheduled": when.strftime("%Y-%m-%d %H:%M UTC"),
        "fault": fault,
        "nights of tasks": {s: states.count(s) for s in dict.fromkeys(sorted(states))},
        "captures": outcomes,
        "skipped": sum(len(n.skipped) for n in new),
    }


def month(folder: Path, *, nights: int = 30, captures: int = 30, tasks: int = 3) -> dict[str, Any]:
    """Live through the nights; answers their rows and the account of all."""
    lab = Month(folder, tasks, captures)
    for number in range(nights):
        lab.night(number)
        print(json.dumps(lab.rows[-1]), file=sys.stderr, flush=True)
    share = captures // tasks
    told = account(lab.store, {task_key(file): share for file in lab.files})
    # What a sweep without grace would take is nothing that anybody named.
    collect(lab.store, grace_s=0, dry_run=False)
    after = account(lab.store, {task_key(file): share for file in lab.files})
    return {"rows": lab.rows, "account": told, "lost after a sweep": after["lost"]}


def table(told: dict[str, Any]) -> str:
    """The nights as a Markdown table."""

    def said(counts: dict[str, int]) -> str:
        return ", ".join(f"{count} {what}" for what, count in counts.items()) or "–"

    lines = ["| night | scheduled | fault | nights of tasks | captures |", "|---|---|---|---|---|"]
    lines += (
        f"| {row['night']} | {row['scheduled']} | {row['fault'] or '–'} "
        f"| {said(row['nights of tasks'])} | {said(row['captures'])} |"
        for row in told["rows"]
    )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--nights", type=int, default=30)
    given = parser.parse_args()
    told = month(given.folder.resolve(), nights=given.nights)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    print(table(told))
    print(json.dumps({k: v for k, v in told.items() if k != "rows"}, indent=1))
