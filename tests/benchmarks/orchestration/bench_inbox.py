"""What lies in the inbox and in the store, and what it costs to look: CPU seconds and requests.

    python -m tests.benchmarks.orchestration.bench_inbox [--captures 1000]

Scans an inbox of so many captures, all of them known and finished, and asks ``xsim status`` of a
store with as many finished runs; beside both, the same with ten. Requests are those
that an S3 store would get. Processor time, as the machine may be shared.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from flows.digests import DigestMemory
from flows.inbox.captures import scan
from flows.inbox.memory import ArrivalMemory
from flows.inbox.place import capture_folders, strays
from tests.flows.toys import make_toy_run
from xsim_core.runs import RunRecord, RunRequest, save_record
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store.objects import Objects

PHOTOS = 20
ROUNDS = 5


def make_inbox(folder: Path, count: int) -> None:
    """Captures of one recording and some photos each, of a few bytes, an hour old."""
    board = {"T_world_board": np.eye(4).tolist()}
    for number in range(count):
        capture = folder / f"capture-{number:04d}"
        (capture / "photos").mkdir(parents=True)
        (capture / "video").mkdir()
        (capture / "video" / "take.bag").write_bytes(f"take {number}".encode())
        for photo in range(PHOTOS):
            (capture / "photos" / f"{photo:02d}.png").write_bytes(bytes([photo]))
        text = {
            "name": capture.name,
            "object_name": "block",
            "video": "video/take.bag",
            "board": board,
            "init_box_xyxy": [1, 1, 9, 9],
        }
        (capture / "capture.yaml").write_text(yaml.safe_dump(text))


class Counted:
    """How often the store is asked, by kind of request."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        for name in ("_fetch", "listing", "create", "write"):
            setattr(Objects, name, self._counting(name, getattr(Objects, name)))

    def _counting(self, name, ask):
        def counting(*given, **named):
            self.asked[name] = self.asked.get(name, 0) + 1
            return ask(*given, **named)

        return counting


def scan_costs(folder: Path, count: int, counted: Counted) -> dict:
    """CPU seconds and requests of a scan in which nothing is new."""
    inbox, store = folder / "inbox", ArtifactStore((folder / "store").as_uri())
    make_inbox(inbox, count)
    time.sleep(3)  # A digest of files that changed a moment ago is not remembered.
    memory, arrivals = DigestMemory(folder / "digests"), ArrivalMemory(folder / "arrivals.json")

    def look_about():
        strays(inbox)
        return scan(
            store,
            capture_folders(inbox),
            lambda a: a.key,
            lambda _: "completed",
            memory.look,
            arrivals.read,
        )

    began_s = time.process_time()
    look_about()
    first_s = time.process_time() - began_s
    look_about()  # The second finds them all completed.
    spent = []
    for _ in range(ROUNDS):
        counted.asked.clear()
        began_s = time.process_time()
        found = look_about()
        spent.append(time.process_time() - began_s)
    assert {a.phase for a in found.arrivals} == {"completed"}
    assert len(found.arrivals) == count
    return {
        "first_s": first_s,
        "cpu_s": min(spent),
        "median_s": float(np.median(spent)),
        "requests": dict(counted.asked),
    }


def status_costs(folder: Path, count: int) -> dict:
    """CPU seconds of ``xsim status`` as a process, of a store with so many finished runs."""
    store, refs = make_toy_run(folder)
    for number in range(count):
        request = RunRequest(capture=f"capture-{number:04d}")
        save_record(
            store,
            RunRecord(
                name=f"run-{number:04d}",
                request=request,
                stages=refs,
                state="completed",
                elapsed_s=1.0,
            ),
        )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XSIM_")}
    environment |= {"XSIM_STORE": store.url, "XSIM_HOME": str(folder)}
    spent = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = [sys.executable, "-c", "from flows.cli.main import main; main()", "status"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.stdout.count("completed") == count
    return {"cpu_s": min(spent), "median_s": float(np.median(spent))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--captures", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ["XSIM_STORE_FSYNC"] = "0"  # Looking writes nothing; making what is looked at does.
    counted, found = Counted(), {}
    for count in (10, given.captures):
        with tempfile.TemporaryDirectory() as folder:
            scanned = scan_costs(Path(folder), count, counted)
        with tempfile.TemporaryDirectory() as folder:
            found[count] = {"scan": scanned, "status": status_costs(Path(folder), count)}
        print(count, json.dumps(found[count]), flush=True)
    ratio = found[given.captures]["status"]["cpu_s"] / found[10]["status"]["cpu_s"]
    print(f"xsim status of {given.captures} runs costs {ratio:.2f} times that of ten")
    if given.json:
        given.json.write_text(json.dumps({"found": found, "status_ratio": ratio}, indent=1) + "\n")


if __name__ == "__main__":
    main()
