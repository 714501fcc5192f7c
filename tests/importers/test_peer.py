"""A dataset that LeRobot itself wrote comes in."""

import os
import subprocess

import numpy as np
import pytest

from tests.importers.test_ingest import FRONT, ingest, psnr_db
from xsim_core.storage import ArtifactStore

PEER = os.environ.get("XSIM_LEROBOT_PYTHON", "")

THEIRS = """
import sys
import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

root, mode, given = sys.argv[1:]
given = np.load(given)
names = ["pan.pos", "lift.pos", "gripper.pos"]
vector = {"dtype": "float32", "shape": (3,), "names": names}
pictures = {"dtype": mode, "shape": (96, 128, 3), "names": ["height", "width", "channels"]}
cameras = {f"observation.images.{c}": pictures for c in ("top", "wrist")}
made = LeRobotDataset.create(
    "local/x", 30, {**cameras, "observation.state": vector, "action": vector},
    root=root, robot_type="so101_follower", use_videos=mode == "video",
)
ends = set(given["ends"].tolist())
for i, rgb in enumerate(given["rgb"]):
    made.add_frame({
        "observation.images.top": rgb, "observation.images.wrist": rgb[::-1].copy(),
        "observation.state": given["state"][i], "action": given["action"][i], "task": "pick",
    })
    if i + 1 in ends:
        made.save_episode()
made.finalize()
"""


@pytest.mark.slow
@pytest.mark.skipif(not PEER, reason="XSIM_LEROBOT_PYTHON names no interpreter with lerobot 0.4.4")
@pytest.mark.parametrize("mode", ["image", "video"])
def test_what_lerobot_wrote(tmp_path, mode):
    from tests.importers.lerobot_files import smooth_frames

    rng, ends = np.random.default_rng(0), np.array([20, 33, 50])
    state, action = rng.normal(0, 30, (2, 50, 3)).astype(np.float32)
    rgb = smooth_frames(50, 96, 128)
    np.savez(tmp_path / "given.npz", rgb=rgb, state=state, action=action, ends=ends)
    command = [PEER, "-c", THEIRS, str(tmp_path / "d"), mode, str(tmp_path / "given.npz")]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    left = subprocess.run(command, capture_output=True, env=kept, timeout=300, check=False)
    assert left.returncode == 0, left.stderr[-3000:]
    store = ArtifactStore("memory://")
    made = ingest(store, tmp_path / "d", camera="top", image_hw=(96, 128))
    np.testing.assert_array_equal(made.array("episode_ends"), ends)
    np.testing.assert_array_equal(made.array("action"), action)
    np.testing.assert_array_equal(made.array("observation.state"), state)
    found = made.array(FRONT)
    if mode == "image":
        np.testing.assert_array_equal(found, rgb)
    else:  # AV1 at quality 30.
        assert min(psnr_db(a, b) for a, b in zip(found, rgb, strict=True)) > 33
    assert made.summary.robot == "so101_follower"
