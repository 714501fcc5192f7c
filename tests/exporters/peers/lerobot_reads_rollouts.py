"""LeRobot 0.4.4 opens a robot's rollouts as we write them, and says what it read.

``FOLDER OUT.npz``. Runs in LeRobot's own environment and imports nothing of ours.
"""

import sys

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.utils import dataset_to_policy_features


def main():
    root, out = sys.argv[1:]
    dataset = LeRobotDataset("local/ours", root=root)
    rows = [dataset[i] for i in range(len(dataset))]
    names = ("depth_mm", "qpos", "observation.state", "action", "seed", "outcome", "next.success")
    read = {name: np.stack([np.asarray(r[name]) for r in rows]) for name in names}
    wide = np.stack([np.asarray(r["observation.images.wide"]) for r in rows])
    read["wide"] = np.rint(wide * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    features = dataset_to_policy_features(dataset.meta.features)
    np.savez(out, **read, of_policy=np.array(sorted(features)))


if __name__ == "__main__":
    main()
