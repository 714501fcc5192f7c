"""ResNet-18 with GroupNorm and keypoints: the image encoder of Diffusion Policy (Chi et al. 2023).

Layers are He et al.'s (2016); GroupNorm (Wu & He 2018) in groups of 16 channels stands where their
batch statistics were, since these and a moving average of weights do not go together. Modules are
called what LeRobot 0.4.4 calls them (``src/lerobot/policies/diffusion/modeling_diffusion.py``, and
torchvision's ResNet within ``backbone``): names of weights are then the same.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.errors import BadInputError
from xsim_core.geometry.tensors import FeatureMaps, Features

from .base import Encoder

WIDTHS = (64, 128, 256, 512)
BLOCKS_A_STAGE = 2
SHRINKS = 32
"""Times smaller than the image the last feature map is, rounded up."""
CHANNELS_A_GROUP = 16


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // CHANNELS_A_GROUP, channels)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, which is a convolution where shapes change."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = _norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = _norm(outputs)
        self.downsample = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), _norm(outputs)
            )

    def forward(self, x: FeatureMaps) -> FeatureMaps:
        """(b, inputs, h, w) to (b, outputs, h/stride, w/stride)."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


def resnet18() -> nn.Sequential:
    """(b, 3, h, w) to (b, 512, h/32, w/32), rounded up."""
    stages: list[nn.Module] = []
    inputs = WIDTHS[0]
    for outputs in WIDTHS:
        stride = 1 if outputs == WIDTHS[0] else 2
        first = BasicBlock(inputs, outputs, stride)
        more = (BasicBlock(outputs, outputs, 1) for _ in range(BLOCKS_A_STAGE - 1))
        stages.append(nn.Sequential(first, *more))
        inputs = outputs
    stem = nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False)
    net = nn.Sequential(stem, _norm(WIDTHS[0]), nn.ReLU(), nn.MaxPool2d(3, 2, 1), *stages)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return net


class Keypoints(nn.Module):
    """Expected coordinates of ``count`` learnt maps (Levine et al. 2016; Finn et al. 2016)."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.nets = nn.Conv2d(channels, count, 1)

    def forward(self, x: FeatureMaps) -> Features:
        """(b, c, h, w) to (b, 2k): u and v in [-1, 1] of one keypoint after the other."""
        maps = self.nets(x)
        h, w = maps.shape[-2:]
        weight = F.softmax(maps.flatten(2), dim=-1).unflatten(2, (h, w))
        u = (weight.sum(2) * torch.linspace(-1, 1, w, device=x.device)).sum(-1)
        v = (weight.sum(3) * torch.linspace(-1, 1, h, device=x.device)).sum(-1)
        return torch.stack([u, v], dim=-1).flatten(1)


class ResnetEncoder(Encoder):
    """RGB in [-0.5, 0.5] to keypoints and what one layer makes of them."""

    def __init__(self, image_hw: tuple[int, int], num_keypoints: int) -> None:
        super().__init__()
        h, w = image_hw
        self.map_hw = (math.ceil(h / SHRINKS), math.ceil(w / SHRINKS))
        if min(self.map_hw) < 2:
            raise BadInputError(
                f"images of {h} x {w} leave a ResNet-18's last map one place "
                f"in an axis: keypoints would be constant there. Give images of over {SHRINKS} "
                "pixels each way, or take another network."
            )
        self.backbone = resnet18()
        self.pool = Keypoints(WIDTHS[-1], num_keypoints)
        self.feature_dim = 2 * num_keypoints
        self.out = nn.Linear(self.feature_dim, self.feature_dim)

    def features(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) to (b, 2k) coordinates in [-1, 1]."""
        return self.pool(self.backbone(rgb.contiguous(memory_format=torch.channels_last)))

    def forward(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) to (b, 2k)."""
        return F.relu(self.out(self.features(rgb)))
