"""Random batches for training.

    python -m tests.benchmarks.storage.bench_read [--lerobot PYTHON]

A batch is 64 windows of 2 frames. All layouts hold the same frames, on the same disk, in this run.
``PYTHON`` is the interpreter of an environment with lerobot==0.4.4. Prints; judges nothing.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import zarr

from tests.benchmarks import rounds as r
from tests.storage.test_frames import DatasetConfig, write_capture
from xsim_core.artifacts import Capture
from xsim_core.policies.student import to_image_tensor
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore

NUM_FRAMES, SIZE, EPISODE = 1000, 128, 100
PEER = "numpy memmap"


def made_up_frames():
    """Blocks with two bits of noise: neither flat nor random."""
    rng = np.random.default_rng(1)
    smooth = rng.integers(0, 255, (NUM_FRAMES, 8, 8, 3), dtype=np.uint8)
    rgb = smooth.repeat(SIZE // 8, axis=1).repeat(SIZE // 8, axis=2)
    return rgb ^ rng.integers(0, 4, rgb.shape, dtype=np.uint8)


def window_starts():
    """First frames of 400 batches; LeRobot's windows may not cross an episode's end."""
    rng = np.random.default_rng(0)
    episode = rng.integers(0, NUM_FRAMES // EPISODE, (400, 64))
    return episode * EPISODE + rng.integers(0, EPISODE - 1, (400, 64))


def indexed(frames):
    return lambda starts: frames[starts[:, None] + np.arange(2)]


def sliced(frames):
    return lambda starts: np.stack([frames[k : k + 2] for k in starts])


def stored(folder, rgb):
    """The frames as an artifact, and the speed of the first copy."""

    def make(*, config, out):
        return write_capture(out, rgb)

    store = ArtifactStore((folder / "store").as_uri())
    stage = Stage("bench", 1, make, DatasetConfig, {}, Capture)
    opened = store.open(run_stage(stage, DatasetConfig(num_frames=NUM_FRAMES), store, {}))
    start = time.perf_counter()
    opened.frames("video/rgb")
    return opened, rgb.nbytes / 1e6 / (time.perf_counter() - start)


def layouts(folder, rgb, opened):
    """Name and reader of each layout."""
    np.save(folder / "raw.npy", rgb)
    yield PEER, indexed(np.load(folder / "raw.npy", mmap_mode="r"))
    frames = opened.frames("video/rgb")
    yield "X-Sim frames()", indexed(frames)
    yield "X-Sim frames(), to float CHW", lambda s: to_image_tensor(indexed(frames)(s))
    yield "X-Sim artifact through Zarr", sliced(opened.group["video/rgb"])
    plain = zarr.create_array(folder / "plain.zarr", data=rgb, chunks=(1, *rgb.shape[1:]))
    yield "zarr-python, chunk 1, defaults", sliced(plain)
    file = h5py.File(folder / "x.h5", "w")
    yield "h5py, contiguous", sliced(file.create_dataset("whole", data=rgb))
    chunked = file.create_dataset("frames", data=rgb, chunks=(1, *rgb.shape[1:]))
    yield "h5py, chunk 1", sliced(chunked)


def lerobot(python, folder, mode):
    """A reader in LeRobot's own process, given the same frames."""
    command = [python, str(Path(__file__).with_name("peer_lerobot.py"))]
    root, frames = str(folder / f"lerobot-{mode}"), str(folder / "raw.npy")
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf"),
        "TOKENIZERS_PARALLELISM": "false",
    }
    write = [*command, "write", frames, root, mode]
    subprocess.run(write, env=environment, check=True, capture_output=True)
    return r.Elsewhere([*command, "read", root, str(folder / "starts.npy")], environment)


def main():
    asked = r.arguments(__doc__, rounds=(150, "rounds"), lerobot=("", "interpreter with LeRobot"))
    rgb, starts = made_up_frames(), window_starts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened, copied = stored(folder, rgb)
        expected = rgb[starts[7][:, None] + np.arange(2)]
        candidates = []
        for label, reader in layouts(folder, rgb, opened):
            if "float" not in label:
                np.testing.assert_array_equal(reader(starts[7]), expected)
            work = r.timed(lambda k, reader=reader: reader(starts[k % len(starts)]))
            candidates.append(r.Candidate(label, work))
        np.save(folder / "starts.npy", starts)
        peers = []
        for mode in ("image", "video") if asked.lerobot else ():
            peers.append(lerobot(asked.lerobot, folder, mode))
            candidates.append(r.Candidate(f"LeRobot 0.4.4, {mode}", peers[-1].run))
        seconds = r.measure(candidates, rounds=asked.rounds, slow_s=0.02)
        for peer in peers:
            peer.close()
    rows = r.table(seconds, peer=PEER, by="cpu")
    print(r.text(rows, peer=PEER, unit="batch of 64 x 2 frames, 128 x 128 x 3 uint8"))
    r.publish(
        {"benchmark": "read", **r.circumstances(), "copy_mb_per_s": round(copied), "rows": rows},
        asked.json,
    )


if __name__ == "__main__":
    main()
