"""Diffusion Policy's code opens a replay buffer of ours as its PushT task does, and says what it
read.

``REPLAY_BUFFER.zarr OUT.npz``. Runs in an environment in which ``diffusion_policy`` can be imported
(real-stanford/diffusion_policy 5ba07ac, zarr 2, numba, torch), and imports nothing of ours.
"""

import sys

import numpy as np
from diffusion_policy.common.replay_buffer import ReplayBuffer
from diffusion_policy.dataset.pusht_image_dataset import PushTImageDataset

HORIZON = 4


def main():
    path, out = sys.argv[1:]
    dataset = PushTImageDataset(path, horizon=HORIZON, pad_before=1, pad_after=2)
    normalizer = dataset.get_normalizer()
    items = [dataset[i] for i in range(len(dataset))]
    buffer = ReplayBuffer.create_from_path(path, mode="r")
    np.savez(
        out,
        episodes=np.array(buffer.n_episodes),
        image=np.stack([i["obs"]["image"].numpy() for i in items]),
        position=np.stack([i["obs"]["agent_pos"].numpy() for i in items]),
        action=np.stack([i["action"].numpy() for i in items]),
        state=buffer["state"][:],
        rgb=buffer["img"][:],
        normal=normalizer["action"].normalize(buffer["action"][:]).detach().numpy(),
    )


if __name__ == "__main__":
    main()
