"""Weights of the U-Net student as LeRobot's DiffusionPolicy keeps them, both ways.

Names and shapes are those of LeRobot 0.4.4 (``DiffusionPolicy.state_dict()``, which is its
``model.safetensors``) for one camera, ``use_group_norm``, ``use_film_scale_modulation`` and no
crop. Two things are not in the weights. Images: X-Sim's network sees RGB / 255 - 0.5, so LeRobot's
normalisation is MEAN_STD with mean 0.5 and deviation 1. Time: LeRobot's chunk begins at the oldest
observation and X-Sim's at the newest, which is the same for one observation alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .base import StudentNet
from .unet import UnetNet

PARTS = {"encoder.": "diffusion.rgb_encoder.", "denoiser.": "diffusion.unet."}
GRID = "diffusion.rgb_encoder.pool.pos_grid"
"""LeRobot keeps the places of the last feature map as a constant beside the weights."""
NUM_NAMED = 3


def to_lerobot(net: StudentNet) -> dict[str, NDArray[np.float32]]:
    """The network's weights by LeRobot's names.

    Raises:
        BadInputError: when it is another network, or looks at several observations.
    """
    unet = _exchangeable(net)
    arrays = {
        _theirs(name): value.detach().cpu().contiguous().numpy()
        for name, value in unet.state_dict().items()
    }
    arrays[GRID] = _grid(unet)
    return arrays


def load_lerobot(net: StudentNet, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Set the network's weights from LeRobot's.

    Raises:
        BadInputError: when it is another network, looks at several observations, or names, shapes
            or the feature map's places differ from what LeRobot would keep of this one.
    """
    unet = _exchangeable(net)
    wanted = {_theirs(name): name for name in unet.state_dict()}
    given = {name: value for name, value in arrays.items() if name != GRID}
    grid = arrays.get(GRID)
    if grid is not None and (
        grid.shape != _grid(unet).shape or not np.allclose(grid, _grid(unet), atol=1e-6)
    ):
        raise BadInputError(
            f"{GRID} has {len(grid)} places; images of {unet.architecture.image_hw} have "
            f"{len(_grid(unet))}. The policy was trained on cropped images or on others."
        )
    _check_names(set(given), set(wanted))
    weights = {wanted[name]: torch.tensor(value) for name, value in given.items()}
    try:
        unet.load_state_dict(weights)
    except RuntimeError as error:
        raise BadInputError(
            f"LeRobot's weights do not fit this architecture: {error}. Give unet the policy's "
            "down_dims, kernel_size and spatial_softmax_num_keypoints."
        ) from error


def _check_names(given: set[str], wanted: set[str]) -> None:
    missing, unknown = (sorted(s) for s in (wanted - given, given - wanted))
    if missing or unknown:
        raise BadInputError(
            "these are not the weights of LeRobot 0.4's DiffusionPolicy with one camera: "
            f"{len(missing)} lack ({', '.join(missing[:NUM_NAMED]) or 'none'}), {len(unknown)} are "
            f"unknown ({', '.join(unknown[:NUM_NAMED]) or 'none'}). Policies of LeRobot before 0.4 "
            "are migrated by LeRobot's own script first."
        )


def _exchangeable(net: StudentNet) -> UnetNet:
    if not isinstance(net, UnetNet):
        raise BadInputError(
            f"LeRobot's DiffusionPolicy is the network unet; this student's is "
            f"{net.architecture.network}."
        )
    if (n := net.architecture.n_obs_steps) > 1:
        raise BadInputError(
            f"n_obs_steps is {n}: LeRobot's chunk begins {n - 1} steps before X-Sim's, so that the "
            "weights would act late. Exchange students with n_obs_steps 1."
        )
    return net


def _theirs(name: str) -> str:
    part = next(part for part in PARTS if name.startswith(part))
    return PARTS[part] + name.removeprefix(part)


def _grid(net: UnetNet) -> NDArray[np.float32]:
    h, w = net.map_hw
    u, v = np.meshgrid(np.linspace(-1, 1, w), np.linspace(-1, 1, h))
    return np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float32)
