"""LeRobot's DiffusionPolicy, to compare ours with.

Runs in LeRobot's own environment, imports nothing of ours, and takes formulas for weights and
inputs, so that nothing has to be sent.

``layout FILE``: names and shapes of its weights, and what a small one answers.
``load GIVEN.npz OUT.npz``: strictly load weights of a small one, and answer.
"""

import json
import sys

import numpy as np

SMALL = {"down_dims": (16, 32, 32), "spatial_softmax_num_keypoints": 4}
HW, STATE, ACTION, HORIZON, ROWS = (72, 96), 6, 3, 8, 2


def formula(shape, k):
    """Numbers of either sign, up to a half, that are told by their places alone."""
    places = np.arange(int(np.prod(shape)), dtype=np.float64)
    return (0.5 * np.sin(0.7 * places + k)).reshape(shape).astype(np.float32)


def weights(shapes):
    """Every weight by its formula, smaller where many are summed; scales of norms around one."""
    made = {}
    for k, name in enumerate(sorted(shapes)):
        shape = tuple(shapes[name])
        value = formula(shape, k)
        if len(shape) > 1:
            value = value * np.float32(4 / np.sqrt(np.prod(shape[1:])))
        made[name] = 1 + value / 2 if name.endswith("weight") and len(shape) == 1 else value
    return made


def inputs():
    """Images (b, 3, h, w) in ±0.5, states (b, s), noisy chunks (b, T, a), steps (b,)."""
    image = formula((ROWS, 3, *HW), 1)
    return image, formula((ROWS, STATE), 2), 2 * formula((ROWS, HORIZON, ACTION), 3), [3, 70]


def theirs(**fields):
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionPolicy

    config = DiffusionConfig(
        n_obs_steps=1,
        horizon=HORIZON,
        n_action_steps=4,
        crop_shape=None,
        device="cpu",
        **fields,
        input_features={
            "observation.images.front": PolicyFeature(FeatureType.VISUAL, (3, *HW)),
            "observation.state": PolicyFeature(FeatureType.STATE, (STATE,)),
        },
        output_features={"action": PolicyFeature(FeatureType.ACTION, (ACTION,))},
    )
    return DiffusionPolicy(config)


def answers(policy):
    """What its encoder and its U-Net make of the inputs."""
    import torch

    image, state, noisy, step = inputs()
    policy.eval()
    with torch.inference_mode():
        seen = policy.diffusion.rgb_encoder(torch.from_numpy(image))
        told = torch.cat([torch.from_numpy(state), seen], dim=-1)
        chunk = policy.diffusion.unet(torch.from_numpy(noisy), torch.tensor(step), global_cond=told)
    return {"seen": seen.numpy(), "chunk": chunk.numpy()}


def shapes_of(policy):
    return {name: list(value.shape) for name, value in policy.state_dict().items()}


def load(policy, arrays):
    import torch

    policy.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()})


def layout(path):
    import torch
    from lerobot import __version__

    torch.manual_seed(0)
    with torch.device("cpu"):
        full, small = theirs(), theirs(**SMALL)
    grid = {k: v.numpy() for k, v in small.state_dict().items() if k.endswith("pos_grid")}
    shapes = shapes_of(small)
    load(small, weights({k: v for k, v in shapes.items() if k not in grid}) | grid)
    said = {k: np.round(v.astype(float), 6).tolist() for k, v in answers(small).items()}
    made = {"lerobot": __version__, "shapes": shapes_of(full), "small": shapes, "answers": said}
    lines = ",\n".join(f' "{k}": {json.dumps(v)}' for k, v in made.items())
    with open(path, "w") as file:  # noqa: PTH123
        file.write(f"{{\n{lines}\n}}\n")


def loaded(given, out):
    policy = theirs(**SMALL)
    with np.load(given) as arrays:
        load(policy, dict(arrays))
    np.savez(out, **answers(policy), **{f"back/{k}": v for k, v in policy.state_dict().items()})


if __name__ == "__main__":
    {"layout": layout, "load": loaded}[sys.argv[1]](*sys.argv[2:])
