"""Episodes rendered from stored simulator states, over a few processes."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.sim.assets import SimAssets
from xsim_core.sim.processes import WorkerProcesses

from .backgrounds import Background
from .domain import Domain
from .rendering import POLICY_HW, SceneRenderer


@dataclass(frozen=True)
class RenderedEpisode:
    """The pictures of one episode."""

    rgb: NDArray[np.uint8]
    """(t, h, w, 3)."""
    T_world_cam: NDArray[np.float64]
    """(4, 4) of the camera drawn for this episode."""


@dataclass(frozen=True)
class _Setup:
    assets: SimAssets
    background: Background
    domain: Domain
    image_hw: tuple[int, int]


class _RenderWorker:
    def __init__(self, setup: _Setup) -> None:
        self.setup = setup
        self.renderer = SceneRenderer(setup.assets, setup.background, image_hw=setup.image_hw)

    def render(self, seed: int, env_states: NDArray[np.floating]) -> RenderedEpisode:
        domain = self.setup.domain
        draw = domain.draw(seed, np.array(self.setup.assets.T_world_cam))
        self.renderer.dress(domain.dressing)
        rgb = []
        for state in env_states:
            frame = self.renderer.render(
                state, draw.T_world_cam, lights=draw.lights, backdrop=draw.backdrop
            )
            rgb.append(domain.sensor.apply(frame.rgb, draw.gain, draw.rng))
        return RenderedEpisode(np.stack(rgb), draw.T_world_cam)


class RenderPool(AbstractContextManager["RenderPool"]):
    """Renders whole episodes; camera, light and noise are the domain's draw for their seed."""

    def __init__(
        self,
        assets: SimAssets,
        background: Background,
        *,
        domain: Domain,
        num_workers: int = 2,
        image_hw: tuple[int, int] = POLICY_HW,
    ) -> None:
        setup = _Setup(assets, background, domain, image_hw)
        self._workers = WorkerProcesses(
            _RenderWorker, [setup] * max(num_workers, 1), in_process=num_workers == 0
        )

    def render(
        self, seeds: Sequence[int], env_states: Sequence[NDArray[np.floating]]
    ) -> Iterator[tuple[int, RenderedEpisode]]:
        """Pictures of each episode as they come: (index, episode).

        Args:
            seeds: (e,) what camera, light and noise to draw.
            env_states: (t, 16) for each episode.
        """
        jobs = [(int(s), states) for s, states in zip(seeds, env_states, strict=True)]
        yield from self._workers.map_unordered("render", jobs)

    def close(self) -> None:
        """End the processes."""
        self._workers.close()

    def __exit__(self, *_: object) -> None:
        self.close()
