"""Opening and sampling a dataset.

    python -m tests.benchmarks.storage.bench_training --home .xsim

What ``diffusion`` and ``calibrate`` do with the dataset of a finished ``make demo``: open it, and
draw augmented batches of 64. Each way runs in processes of its own, in turn. The peer is what the
stages did before: the array read through Zarr into memory, and a gather pixel by pixel.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from tests.benchmarks import rounds as r
from xsim_core.policies import AugmentConfig, Episodes
from xsim_core.policies.augment import crop_shifted
from xsim_core.runs import load_record
from xsim_core.storage import ArtifactStore

PEER = "Zarr into memory, pixel by pixel"
IMAGES = "observation.images.front"
BATCHES = 100


def gather(frames, index, shift_px, *, rng):
    """``crop_shifted`` as it was: one gather of single pixels."""
    h, w = frames.shape[1:3]
    shift = rng.integers(-shift_px, shift_px + 1, size=(len(index), 2))
    rows = np.clip(np.arange(h) + shift[:, :1], 0, h - 1)
    columns = np.clip(np.arange(w) + shift[:, 1:], 0, w - 1)
    return frames[index[:, None, None], rows[:, :, None], columns[:, None, :]]


def memory_mb():
    """Resident memory that is this process's own, and that of mapped files, which all share."""
    memory = psutil.Process().memory_info()
    return {"own_mb": (memory.rss - memory.shared) / 1e6, "file_mb": memory.shared / 1e6}


def once(home, run, way):
    """One process: CPU and wall seconds of opening and of a batch, and memory, in MB."""
    store = ArtifactStore((home / "store").as_uri())
    opened = store.open(load_record(store, run).stages["render_dataset"])
    before = memory_mb()
    clocks = [(time.perf_counter(), time.process_time())]
    frames = opened.array(IMAGES) if way == "memory" else Episodes.read(opened).rgb
    clocks.append((time.perf_counter(), time.process_time()))
    crop = gather if way == "memory" else crop_shifted
    rng, digest = np.random.default_rng(0), 0
    for _ in range(BATCHES):
        index = rng.integers(len(frames), size=64)
        digest += int(crop(frames, index, AugmentConfig().shift_px, rng=rng).sum())
    clocks.append((time.perf_counter(), time.process_time()))
    after = memory_mb()
    opening, batches = np.diff(np.array(clocks), axis=0)
    return {
        "opening_s": opening.tolist(),
        "batch_s": (batches / BATCHES).tolist(),
        "digest": digest,
        **{kind: after[kind] - before[kind] for kind in after},
    }


def main():
    asked = r.arguments(
        __doc__,
        home=(".xsim", "of a finished make demo"),
        run=("demo", "its name"),
        rounds=(5, "rounds"),
        way=("", "internal"),
    )
    home = Path(asked.home).absolute()
    if asked.way:
        print(json.dumps(once(home, asked.run, asked.way)))
        return
    ways = {PEER: "memory", "frames() made anew, frame by frame": "cold", "frames() again": "warm"}
    found = {label: [] for label in ways}
    for _ in range(asked.rounds):
        for label, way in ways.items():
            if way == "cold":
                for copy in (home / "store.scratch" / "cache").glob("*.npy"):
                    copy.unlink()
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.storage.bench_training",
                "--home",
                str(home),
                "--run",
                asked.run,
                "--way",
                way,
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[label].append(json.loads(done.stdout.splitlines()[-1]))
    assert len({one["digest"] for runs in found.values() for one in runs}) == 1, "batches differ"
    tables = {}
    for what in ("opening_s", "batch_s"):
        seconds = {label: np.array([one[what] for one in runs]) for label, runs in found.items()}
        tables[what] = r.table(seconds, peer=PEER, by="cpu")
        print(r.text(tables[what], peer=PEER, unit=what.removesuffix("_s")))
    memory = {
        label: {
            k: round(float(np.median([one[k] for one in runs])), 1) for k in ("own_mb", "file_mb")
        }
        for label, runs in found.items()
    }
    print("memory of the process, MB, its own and of mapped files:", memory)
    r.publish(
        {"benchmark": "training", **r.circumstances(), "tables": tables, "memory": memory},
        asked.json,
    )


if __name__ == "__main__":
    main()
