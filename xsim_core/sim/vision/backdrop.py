"""Other tables than the one that was filmed: its colour and pattern, drawn for each episode.

A student that has seen one table top alone takes its pattern for a part of the task. Textures of
what is not the task are randomised as in Tobin et al. 2017 ("Domain randomization"); the table's
reconstructed colours are multiplied by them, so that what was filmed shows through.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.geometry import PinholeCamera

if TYPE_CHECKING:  # A configuration is planned with, and rasterisers import torch.
    from .backgrounds import BackgroundView

TABLE_REACH_M = 0.03
"""A reconstructed surface this close to the table's plane, along the ray, is the table."""


class BackdropRandomisation(FrozenModel):
    """How the table strays between episodes from what was filmed."""

    share: float = Field(default=0.7, ge=0, le=1)
    """Of the episodes in which it does; in the others it is as it was filmed."""
    tint: float = Field(default=0.25, ge=0, le=1)
    """Half range of each colour channel's log-gain."""
    contrast: float = Field(default=0.5, ge=0, le=2)
    """Largest log-gain of a pattern, up or down."""
    wavelength_m: tuple[float, float] = (0.02, 0.3)
    """From fine to coarse patterns; drawn uniformly in its logarithm."""
    num_waves: int = Field(default=4, ge=1, le=16)
    """Of which a pattern is made: stripes of a direction, checked where two of them cross."""

    def draw(self, seed: int) -> "Backdrop | None":
        """The table of one episode; None where it is as it was filmed."""
        rng = np.random.default_rng([seed, 0xBD])
        if rng.uniform() >= self.share:
            return None
        n = int(rng.integers(1, self.num_waves, endpoint=True))
        low, high = np.log(self.wavelength_m)
        k = 2 * np.pi / np.exp(rng.uniform(low, high, n))
        way = rng.uniform(0, 2 * np.pi, n)
        common = rng.uniform(0.5, 1, (n, 1)) * self.contrast / n
        return Backdrop(
            seed=seed,
            log_gain=rng.uniform(-1, 1, 3) * self.tint,
            waves=np.stack([np.cos(way), np.sin(way)], axis=-1) * k[:, None],
            phases=rng.uniform(0, 2 * np.pi, n),
            amplitudes=common * rng.uniform(0.4, 1, (n, 3)),
            is_square=rng.uniform(size=n) < 0.5,
        )


@dataclass(frozen=True, eq=False)
class Backdrop:
    """The table of one episode."""

    seed: int
    log_gain: NDArray[np.float64]
    """(3,) of its colour."""
    waves: NDArray[np.float64]
    """(n, 2) radians a metre along the world's x and y."""
    phases: NDArray[np.float64]
    """(n,)."""
    amplitudes: NDArray[np.float64]
    """(n, 3) log-gain of each colour channel."""
    is_square: NDArray[np.bool_]
    """(n,) sharp edges, not smooth ones."""

    def gain(self, xy: NDArray[np.floating]) -> NDArray[np.float32]:
        """What colours (..., 3) are multiplied by at points (..., 2) of the table, world metres."""
        wave = np.sin(xy @ self.waves.T + self.phases)
        wave = np.where(self.is_square, np.sign(wave), wave)
        return np.exp(wave @ self.amplitudes + self.log_gain).astype(np.float32)


def repainted(
    view: "BackgroundView",
    backdrop: Backdrop,
    T_world_cam: NDArray[np.floating],
    camera: PinholeCamera,
    table_height_m: float,
) -> "BackgroundView":
    """The room with another table; what stands on it, and what lies behind it, keeps its colours.

    Args:
        view: the room from this camera.
        backdrop: of the episode.
        T_world_cam: (4, 4).
        camera: of the view.
        table_height_m: of the table's plane in the world.
    """
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    K = camera.K
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(u.shape)], axis=-1)
    rays = rays @ T_world_cam[:3, :3].T
    # Of rays whose depth is 1 the length to the table is its depth there.
    fall = np.where(np.abs(rays[..., 2]) > 1e-9, rays[..., 2], 1e-9)
    depth_m = (table_height_m - T_world_cam[2, 3]) / fall
    is_table = np.abs(depth_m - view.depth_m) < TABLE_REACH_M
    xy = T_world_cam[:2, 3] + depth_m[is_table][:, None] * rays[is_table][:, :2]
    rgb = view.rgb.copy()
    rgb[is_table] = np.clip(rgb[is_table] * backdrop.gain(xy), 0, 1)
    return replace(view, rgb=rgb)
