"""LeRobot's DiffusionPolicy for ``bench_students``, in LeRobot's own environment, without ours.

``DOWN_DIMS BATCH``: says ``ready``, then answers lines ``train COUNT`` and ``chunk COUNT`` with
wall and CPU seconds. One thread; 72 x 96 pixels, one observation, chunks of 8, 10 DDIM steps of 50.
"""

import json
import sys
import time

import torch


def policy(down_dims):
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionPolicy

    config = DiffusionConfig(
        n_obs_steps=1,
        horizon=8,
        n_action_steps=4,
        crop_shape=None,
        device="cpu",
        down_dims=down_dims,
        noise_scheduler_type="DDIM",
        num_train_timesteps=50,
        num_inference_steps=10,
        input_features={
            "observation.images.front": PolicyFeature(FeatureType.VISUAL, (3, 72, 96)),
            "observation.state": PolicyFeature(FeatureType.STATE, (6,)),
        },
        output_features={"action": PolicyFeature(FeatureType.ACTION, (3,))},
    )
    return DiffusionPolicy(config)


def main():
    down_dims, batch_size = tuple(json.loads(sys.argv[1])), int(sys.argv[2])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = policy(down_dims)
    optimizer = made.config.get_optimizer_preset().build(made.get_optim_params())
    g = torch.Generator().manual_seed(0)
    batch = {
        "observation.images.front": torch.rand((batch_size, 1, 3, 72, 96), generator=g) - 0.5,
        "observation.state": torch.rand((batch_size, 1, 6), generator=g),
        "action": torch.rand((batch_size, 8, 3), generator=g) * 2 - 1,
        "action_is_pad": torch.zeros((batch_size, 8), dtype=torch.bool),
    }
    seen = {
        "observation.images.front": batch["observation.images.front"][:1, 0],
        "observation.state": batch["observation.state"][:1, 0],
    }

    def train():
        made.train()
        loss, _ = made.forward(dict(batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()

    def chunk():
        made.eval()
        made.reset()
        with torch.inference_mode():
            made.select_action(dict(seen))

    print("ready", sum(p.numel() for p in made.parameters()), torch.__version__, flush=True)
    for line in sys.stdin:
        what, count = line.split()
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(int(count)):
            {"train": train, "chunk": chunk}[what]()
        spent = time.perf_counter() - began, time.process_time() - cpu
        print(json.dumps(spent), flush=True)


if __name__ == "__main__":
    main()
