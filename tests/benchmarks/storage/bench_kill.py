"""Four recordings, then SIGKILL.

    python -m tests.benchmarks.storage.bench_kill [--lerobot PYTHON]

Counts what can be read afterwards. In X-Sim a recording is an artifact, committed when it is
whole; LeRobot says ``save_episode`` and keeps in memory what it needs to read them again.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds as r
from tests.storage.test_frames import DatasetConfig, write_capture
from xsim_core.artifacts import Capture
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore

EPISODES, FRAMES, SIZE = 4, 20, 128


def record(url):
    """X-Sim's side, run in a process of its own: four recordings, a fifth that never ends."""

    def make(*, config, out):
        rng = np.random.default_rng(config.num_frames)
        rgb = rng.integers(0, 255, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
        summary = write_capture(out, rgb)
        if config.num_frames == EPISODES:
            print("hanging", flush=True)
            signal.pause()
        return summary

    store = ArtifactStore(url)
    for episode in range(EPISODES + 1):
        config = DatasetConfig(num_frames=episode)
        run_stage(Stage("record", 1, make, DatasetConfig, {}, Capture), config, store, {})
        print("saved", episode + 1, flush=True)


def killed_after_the_fourth(command, environment, last_words):
    """Run until ``last_words``, then SIGKILL the process and its children."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    said = next(line for line in process.stdout if line.startswith(last_words))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return said


def xsim_keeps(folder):
    """Recordings that can be read and are what was written."""
    url = (folder / "store").as_uri()
    command = [sys.executable, "-m", "tests.benchmarks.storage.bench_kill", "--record", url]
    killed_after_the_fourth(command, dict(os.environ), "hanging")
    store = ArtifactStore(url)
    refs = store.list_refs()
    assert all(store.verify(ref) == [] for ref in refs)
    return {
        "episodes": len(refs),
        "frames": sum(len(store.open(x).frames("video/rgb")) for x in refs),
    }


def lerobot_keeps(python, folder, mode, ending):
    """What LeRobot reads of its own recording."""
    script, root = (
        str(Path(__file__).with_name("peer_lerobot.py")),
        str(folder / f"{mode}-{ending}"),
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    command = [python, script, "record", root, mode, ending]
    if ending == "finalize":
        subprocess.run(command, env=environment, check=True, capture_output=True)
    else:
        killed_after_the_fourth(command, environment, f"saved {EPISODES}")
    done = subprocess.run(
        [python, script, "count", root], env=environment, check=True, text=True, capture_output=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    asked = r.arguments(__doc__, lerobot=("", "interpreter with LeRobot"), record=("", "internal"))
    if asked.record:
        record(asked.record)
        return
    with tempfile.TemporaryDirectory() as name:
        kept = {"X-Sim, killed": xsim_keeps(Path(name))}
        for mode in ("image", "video") if asked.lerobot else ():
            for ending in ("hang", "finalize"):
                label = f"LeRobot 0.4.4, {mode}, {'killed' if ending == 'hang' else 'finalized'}"
                kept[label] = lerobot_keeps(asked.lerobot, Path(name), mode, ending)
    for label, found in kept.items():
        print(
            f"{label:<34} {found['episodes']} of {EPISODES} episodes  {found.get('error', '')[:90]}"
        )
    r.publish({"benchmark": "kill", **r.circumstances(), "kept": kept}, asked.json)


if __name__ == "__main__":
    main()
