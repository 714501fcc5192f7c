"""LeRobot 0.4.4 opens a dataset of ours, trains its DiffusionPolicy on it, and says what it read.

``FOLDER OUT.npz``. Runs in LeRobot's own environment and imports nothing of ours.
"""

import sys

import numpy as np
import torch
from lerobot.configs.types import FeatureType
from lerobot.datasets.lerobot_dataset import LeRobotDataset, LeRobotDatasetMetadata
from lerobot.datasets.utils import dataset_to_policy_features
from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig
from lerobot.policies.factory import make_policy, make_pre_post_processors

STEPS = 3


def trained(root):
    """Losses of a few steps, as ``lerobot-train`` makes policy, processors and optimizer."""
    meta = LeRobotDatasetMetadata("local/ours", root=root)
    features = dataset_to_policy_features(meta.features)
    outputs = {k: f for k, f in features.items() if f.type is FeatureType.ACTION}
    config = DiffusionConfig(
        n_obs_steps=1,
        horizon=8,
        n_action_steps=4,
        crop_shape=None,
        device="cpu",
        down_dims=(16, 32),
        input_features={k: f for k, f in features.items() if k not in outputs},
        output_features=outputs,
    )
    chunk = [i / meta.fps for i in config.action_delta_indices]
    now = {k: [0.0] for k in config.input_features}
    dataset = LeRobotDataset("local/ours", root=root, delta_timestamps={"action": chunk, **now})
    policy = make_policy(config, ds_meta=meta)
    before, _ = make_pre_post_processors(config, dataset_stats=meta.stats)
    optimizer = config.get_optimizer_preset().build(policy.get_optim_params())
    batches = torch.utils.data.DataLoader(dataset, batch_size=8, drop_last=True)
    losses = []
    for _, batch in zip(range(STEPS), batches, strict=False):
        loss, _ = policy.forward(before(batch))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def main():
    root, out = sys.argv[1:]
    torch.manual_seed(0)
    dataset = LeRobotDataset("local/ours", root=root)
    rows = [dataset[i] for i in range(len(dataset))]
    pixels = np.stack([r["observation.images.front"].numpy() for r in rows])
    np.savez(
        out,
        rgb=np.rint(pixels * 255).astype(np.uint8).transpose(0, 2, 3, 1),
        state=np.stack([r["observation.state"].numpy() for r in rows]),
        action=np.stack([r["action"].numpy() for r in rows]),
        episode=np.array([int(r["episode_index"]) for r in rows]),
        words=np.array([r["task"] for r in rows]),
        losses=np.array(trained(root)),
    )


if __name__ == "__main__":
    main()
