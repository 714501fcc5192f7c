"""LeRobot's side of the benchmarks. Runs in LeRobot's own environment and imports nothing of ours.

``write FRAMES.npy ROOT image|video``: a dataset with these frames, 100 an episode.
``read ROOT STARTS.npy``: then, for each line ``first count`` on standard input, read that many
batches of two-frame windows and answer wall and CPU seconds.
``record ROOT image|video finalize|hang``: four episodes, then stop in the way named.
``count ROOT``: how many episodes and frames can be read.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

CAMERA, FPS, EPISODE = "observation.images.front", 10, 100


def create(root, mode, size):
    features = {
        CAMERA: {"dtype": mode, "shape": (size, size, 3), "names": ["height", "width", "channels"]},
        "observation.state": {"dtype": "float32", "shape": (6,), "names": None},
        "action": {"dtype": "float32", "shape": (3,), "names": None},
    }
    return LeRobotDataset.create(
        "local/bench", FPS, features, root=root, use_videos=mode == "video"
    )


def add(dataset, frames):
    for rgb in frames:
        state, action = np.zeros(6, np.float32), np.zeros(3, np.float32)
        dataset.add_frame(
            {CAMERA: rgb, "observation.state": state, "action": action, "task": "push"}
        )
    dataset.save_episode()


def write(frames_path, root, mode):
    frames = np.load(frames_path, mmap_mode="r")
    dataset = create(root, mode, frames.shape[1])
    for start in range(0, len(frames), EPISODE):
        add(dataset, frames[start : start + EPISODE])
    dataset.finalize()


def read(root, starts_path):
    from torch.utils.data import default_collate

    window = {CAMERA: [0.0, 1 / FPS]}
    dataset = LeRobotDataset("local/bench", root=root, delta_timestamps=window)
    starts = np.load(starts_path)
    print("ready", flush=True)
    for line in sys.stdin:
        first, count = (int(word) for word in line.split())
        began, cpu = time.perf_counter(), time.process_time()
        for k in range(first, first + count):
            batch = default_collate([dataset[int(i)] for i in starts[k % len(starts)]])
        seconds = time.perf_counter() - began, time.process_time() - cpu
        assert batch[CAMERA].shape[:3] == (64, 2, 3)
        print(json.dumps(seconds), flush=True)


def record(root, mode, ending):
    dataset = create(root, mode, 128)
    frames = np.random.default_rng(0).integers(0, 255, (20, 128, 128, 3), dtype=np.uint8)
    for episode in range(4):
        add(dataset, frames)
        print("saved", episode + 1, flush=True)
    if ending == "finalize":
        dataset.finalize()
    else:
        time.sleep(600)


def count(root):
    try:
        dataset = LeRobotDataset("local/bench", root=root)
        good = {int(dataset[i]["episode_index"]) for i in range(len(dataset))}
        found = {"episodes": len(good), "frames": len(dataset)}
    except Exception as error:  # noqa: BLE001 whatever it says is the finding
        found = {"episodes": 0, "frames": 0, "error": f"{type(error).__name__}: {str(error)[:200]}"}
    files = [p for p in Path(root).rglob("*") if p.is_file()]
    found["files"] = {str(p.relative_to(root)): p.stat().st_size for p in files}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    {"write": write, "read": read, "record": record, "count": count}[sys.argv[1]](*sys.argv[2:])
