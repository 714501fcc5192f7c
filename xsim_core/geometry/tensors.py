"""Shapes of torch's tensors as types, checked in tests like those of ``arrays``; any precision."""

import sys
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING or "jaxtyping" not in sys.modules:
    # Splatting: g splats, an image of h times w.
    Splats = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
    SplatImages = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
    ScreenShifts = Tensor
    Transform = Tensor
    CameraMatrix = Tensor
    Colour = Tensor
    # Networks: a batch of b.
    FeatureMaps = Tensor
    Features = Tensor
    Conditions = Tensor
    Chunks = Tensor
    Steps = Tensor
    ActionMaps = Tensor
    Tokens = Tensor
    ImageWindows = Tensor
    ProprioWindows = Tensor
else:
    from jaxtyping import Float, Int

    Splats = tuple[
        Float[Tensor, "g 3"],
        Float[Tensor, "g 4"],
        Float[Tensor, "g 2"],
        Float[Tensor, " g"],
        Float[Tensor, "g 3"],
    ]
    _Image = Float[Tensor, "h w"]
    SplatImages = tuple[Float[Tensor, "h w 3"], _Image, _Image, _Image, _Image]
    ScreenShifts = Float[Tensor, "g 2"]
    Transform = Float[Tensor, "4 4"]
    CameraMatrix = Float[Tensor, "3 3"]
    Colour = Float[Tensor, "3"]
    FeatureMaps = Float[Tensor, "b _ _ _"]
    Features = Float[Tensor, "b _"]
    Conditions = Float[Tensor, "b c"]
    Chunks = Float[Tensor, "b t a"]
    Steps = Int[Tensor, " b"] | Float[Tensor, " b"]
    ActionMaps = Float[Tensor, "b _ _"]
    Tokens = Float[Tensor, "b t _"]
    ImageWindows = Float[Tensor, "b to 3 h w"]
    ProprioWindows = Float[Tensor, "b to s"]

__all__ = [
    "ActionMaps",
    "CameraMatrix",
    "Chunks",
    "Colour",
    "Conditions",
    "FeatureMaps",
    "Features",
    "ImageWindows",
    "ProprioWindows",
    "ScreenShifts",
    "SplatImages",
    "Splats",
    "Steps",
    "Tokens",
    "Transform",
]
