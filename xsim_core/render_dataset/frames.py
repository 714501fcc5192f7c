"""Rendered episodes, each kept in a folder of its own making for the next try."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.render_pool import RenderedEpisode, RenderPool

from .collect import Episode
from .config import RenderDatasetConfig


class EpisodeFrames(AbstractContextManager["EpisodeFrames"]):
    """Pictures of episodes by their number: read where they were kept, else rendered and kept.

    Renderers start when the first episode is missing.
    """

    def __init__(
        self,
        episodes: Sequence[Episode],
        sim: OpenSimWorld,
        config: RenderDatasetConfig,
        *,
        folder: Path,
        num_workers: int,
    ) -> None:
        self._make_pool = lambda: RenderPool(
            sim.assets,
            sim.background,
            domain=config.domain,
            num_workers=num_workers,
            image_hw=config.image_hw,
        )
        self._episodes, self._folder = episodes, folder
        self._pool: RenderPool | None = None

    def part(self, begin: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Pictures (t, h, w, 3) and cameras (e, 4, 4) of episodes ``begin`` to ``end``."""
        kept = {i: _read(self._folder, i) for i in range(begin, end)}
        if missing := [i for i, episode in kept.items() if episode is None]:
            kept |= dict(self._rendered(missing))
        episodes = [e for e in kept.values() if e is not None]
        return np.concatenate([e.rgb for e in episodes]), np.stack(
            [e.T_world_cam for e in episodes]
        )

    def _rendered(self, numbers: list[int]) -> Iterator[tuple[int, RenderedEpisode]]:
        self._pool = self._pool or self._make_pool()
        some = [self._episodes[i] for i in numbers]
        for k, rendered in self._pool.render([e.seed for e in some], [e.env_states for e in some]):
            keep_episode(self._folder, numbers[k], rendered)
            yield numbers[k], rendered

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.close()


def keep_episode(folder: Path, number: int, rendered: RenderedEpisode) -> None:
    """Put a rendered episode where ``EpisodeFrames`` over this folder will find it."""
    write_arrays(_path(folder, number), vars(rendered))


def _read(folder: Path, number: int) -> RenderedEpisode | None:
    arrays = read_arrays(_path(folder, number))
    return RenderedEpisode(**arrays) if arrays else None


def _path(folder: Path, number: int) -> Path:
    return folder / f"episode_{number:05d}.npz"
