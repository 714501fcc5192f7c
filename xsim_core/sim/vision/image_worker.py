"""One process of an ``ImageEnvPool``: it steps some environments and renders what they see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.env import SimEnv
from xsim_core.sim.task import TaskSpec

from .asking import Ask, Chunk, asked_beside
from .backgrounds import Background
from .domain import Domain, EpisodeDraw
from .rendering import SceneRenderer


@dataclass(frozen=True)
class EnvRow:
    """What one environment is and shows after its latest step."""

    rgb: NDArray[np.uint8]
    """(h, w, 3); black without a renderer."""
    wide_rgb: NDArray[np.uint8] | None
    wide_depth_mm: NDArray[np.uint16] | None
    proprio: NDArray[np.float32]
    """(s,)."""
    privileged: NDArray[np.float32]
    """(o,)."""
    env_state: NDArray[np.float32]
    """(16,)."""
    T_world_cam: NDArray[np.float64]
    """(4, 4)."""
    success: bool
    progress: float
    done: bool


@dataclass(frozen=True)
class WorkerSetup:
    """All that a worker needs to build its environments and its renderer."""

    assets: SimAssets
    task: TaskSpec
    background: Background | None
    domains: tuple[Domain, ...]
    """One an environment."""
    image_hw: tuple[int, int]
    rgbd_hw: tuple[int, int] | None
    policy_view: PinholeCamera


class ImageWorker:
    """Several environments and one renderer."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.setup = setup
        self.envs = [
            SimEnv(setup.assets, setup.task, physics=domain.physics or setup.task.physics)
            for domain in setup.domains
        ]
        self.renderer = None
        if setup.background is not None:
            self.renderer = SceneRenderer(
                setup.assets,
                setup.background,
                image_hw=setup.image_hw,
                policy_view=setup.policy_view,
            )
        self._T_world_cam = np.array(setup.assets.T_world_cam)
        self.draws: list[EpisodeDraw] = [d.draw(0, self._T_world_cam) for d in setup.domains]
        self._last: list[EnvRow | None] = [None for _ in self.envs]
        self._spares: list[SimEnv | None] = [None for _ in self.envs]

    def reset(
        self, seeds: Sequence[int], poses: Sequence[Any], qpos: Sequence[Any]
    ) -> list[EnvRow | None]:
        """Begin an episode in each; its start as given, or drawn by its seed where that is None."""
        for i, (env, seed) in enumerate(zip(self.envs, seeds, strict=True)):
            self.draws[i] = self.setup.domains[i].draw(seed, self._T_world_cam)
            obs = env.reset(seed, T_world_object=poses[i], qpos=qpos[i])
            self._last[i] = self._row(i, obs, success=False, progress=0.0, done=False)
        return list(self._last)

    def step(
        self,
        actions: NDArray[np.floating],
        active: NDArray[np.bool_],
        looked_at: NDArray[np.bool_],
    ) -> list[EnvRow | None]:
        """Advance those that are active (n,); those that nobody looks at keep their pictures."""
        for i, env in enumerate(self.envs):
            if active[i]:
                r = env.step(actions[i])
                done = r.success or r.truncated
                self._last[i] = self._row(
                    i,
                    r.obs,
                    success=r.success,
                    progress=r.progress,
                    done=done,
                    unseen=None if looked_at[i] else self._last[i],
                )
        return list(self._last)

    def ask(self, ask: Ask, which: NDArray[np.bool_]) -> list[Chunk | None]:
        """What a teacher would do in those ``which`` (n,); None in the others."""
        return [self._asked(i, ask) if chosen else None for i, chosen in enumerate(which)]

    def _asked(self, i: int, ask: Ask) -> Chunk:
        env = self.envs[i]
        # Environments that do not differ in physics share a second one to ask in.
        same = (spare for spare in self._spares if spare and spare.physics == env.physics)
        spare = (
            self._spares[i] or next(same, None) or SimEnv(env.assets, env.task, physics=env.physics)
        )
        self._spares[i] = spare
        return asked_beside(env, spare, ask)

    def _row(
        self,
        i: int,
        obs: NDArray[np.float32],
        *,
        success: bool,
        progress: float,
        done: bool,
        unseen: EnvRow | None = None,
    ) -> EnvRow:
        """What environment ``i`` is, with its pictures; those of ``unseen`` where nobody looks."""
        env, draw, setup = self.envs[i], self.draws[i], self.setup
        state, sensor = env.env_state(), self.setup.domains[i].sensor
        rgb, wide, depth_mm = np.zeros((*setup.image_hw, 3), np.uint8), None, None
        if self.renderer is not None and unseen is not None:
            rgb = unseen.rgb
            sensor.pass_over(setup.image_hw, draw.rng)
        elif self.renderer is not None:
            self.renderer.dress(setup.domains[i].dressing)
            frame = self.renderer.render(
                state, draw.T_world_cam, lights=draw.lights, backdrop=draw.backdrop
            )
            rgb = sensor.apply(frame.rgb, draw.gain, draw.rng)
            if setup.rgbd_hw is not None:
                frame = self.renderer.render(
                    state,
                    draw.T_world_cam,
                    lights=draw.lights,
                    backdrop=draw.backdrop,
                    image_hw=setup.rgbd_hw,
                )
                wide = sensor.apply(frame.rgb, draw.gain, draw.rng)
                depth_mm = sensor.apply_depth(frame.depth_m, draw.rng)
        return EnvRow(
            rgb=rgb,
            wide_rgb=wide,
            wide_depth_mm=depth_mm,
            proprio=env.proprio(),
            privileged=obs,
            env_state=state,
            T_world_cam=draw.T_world_cam,
            success=success,
            progress=progress,
            done=done,
        )
