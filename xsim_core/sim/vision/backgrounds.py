"""What lies behind robot and object: the reconstructed room, or the true one."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import SimWorld
from xsim_core.config import FrozenModel
from xsim_core.geometry import inverse_se3
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.render.lights import LightSpec
from xsim_core.render.room import RoomSpec
from xsim_core.scratch import write_arrays
from xsim_core.storage import OpenArtifact

CACHED_VIEWS = 32


class SplatBackground(FrozenModel):
    """The reconstructed room: 2D Gaussians, rasterised once for each camera pose."""

    gaussians_npz: Path
    background_rgb: tuple[float, float, float]
    lights: LightSpec = LightSpec()
    """The light that the photos are taken to show; other lights tint the Gaussians against it."""

    @staticmethod
    def write(world: OpenArtifact[SimWorld], folder: Path) -> "SplatBackground":
        """Write the Gaussians where worker processes can read them."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder.resolve() / "gaussians.npz"
        arrays = world.arrays("background")
        r, g, b = (float(c) for c in arrays.pop("behind_rgb"))
        write_arrays(path, arrays)
        return SplatBackground(gaussians_npz=path, background_rgb=(r, g, b))


class RoomBackground(FrozenModel):
    """The true room, as textured actors beside robot and object."""

    room: RoomSpec


Background = SplatBackground | RoomBackground


@dataclass(frozen=True)
class BackgroundView:
    """The room alone, from one camera."""

    rgb: NDArray[np.float32]
    """(h, w, 3) in [0, 1]."""
    depth_m: NDArray[np.float32]
    """(h, w); inf where nothing is."""


class SplatViews:
    """Views of the Gaussians, kept for the latest cameras."""

    def __init__(self, background: SplatBackground) -> None:
        with np.load(background.gaussians_npz, allow_pickle=False) as arrays:
            self._gaussians = Gaussians2D.from_arrays(arrays)
        self._background_rgb = background.background_rgb
        self._views: OrderedDict[bytes, BackgroundView] = OrderedDict()

    def view(
        self, T_world_cam: NDArray[np.floating], K: NDArray[np.floating], width: int, height: int
    ) -> BackgroundView:
        """The room from this camera."""
        key = T_world_cam.tobytes() + K.tobytes() + bytes(f"{width}x{height}", "ascii")
        if key in self._views:
            self._views.move_to_end(key)
            return self._views[key]
        # On the CPU whatever fitted the room: each of many worker processes draws its own views.
        out = render_numpy(
            self._gaussians, inverse_se3(T_world_cam), K, width, height, self._background_rgb
        )
        depth = np.where(out.alpha > 0.5, out.depth_m, np.inf).astype(np.float32)
        view = BackgroundView(np.clip(out.rgb, 0, 1), depth)
        self._views[key] = view
        while len(self._views) > CACHED_VIEWS:
            self._views.popitem(last=False)
        return view
