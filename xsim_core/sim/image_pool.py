"""Closed-loop environments that policies see through a camera."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera

from .assets import SimAssets
from .backgrounds import Background
from .domain import Domain, EpisodeDraw
from .env import SimEnv
from .processes import WorkerProcesses
from .rendering import POLICY_HW, SceneRenderer, policy_camera
from .task import TaskSpec


class ImageObs(NamedTuple):
    """What n robots perceive."""

    rgb: NDArray[np.uint8]
    """(n, h, w, 3)."""
    state: NDArray[np.float32]
    """(n, s) proprioception."""
    wide_rgb: NDArray[np.uint8] | None = None
    """(n, H, W, 3) of the same camera at ``rgbd_hw``, for tracking; None without."""
    wide_depth_mm: NDArray[np.uint16] | None = None
    """(n, H, W)."""


class ImageStep(NamedTuple):
    """One control step of n environments."""

    obs: ImageObs
    success: NDArray[np.bool_]
    """(n,) the object is at its goal now."""
    progress: NDArray[np.float32]
    """(n,) best of the episode so far, in [0, 1]."""
    done: NDArray[np.bool_]
    """(n,) succeeded, or the task's horizon is reached."""


@dataclass(frozen=True)
class _Setup:
    """All that a worker needs to build its environments and its renderer."""

    assets: SimAssets
    task: TaskSpec
    background: Background | None
    domain: Domain
    num_envs: int
    image_hw: tuple[int, int]
    rgbd_hw: tuple[int, int] | None
    policy_view: PinholeCamera


class _ImageWorker:
    """Several environments and one renderer."""

    def __init__(self, setup: _Setup) -> None:
        self.setup = setup
        physics = setup.domain.physics or setup.task.physics
        self.envs = [
            SimEnv(setup.assets, setup.task, physics=physics) for _ in range(setup.num_envs)
        ]
        self.renderer = None
        if setup.background is not None:
            self.renderer = SceneRenderer(
                setup.assets, setup.background, image_hw=setup.image_hw,
                policy_view=setup.policy_view,
            )  # fmt: skip
        self._T_world_cam = np.array(setup.assets.T_world_cam)
        self.draws: list[EpisodeDraw] = [setup.domain.draw(0, self._T_world_cam) for _ in self.envs]
        self._last: list[tuple[Any, ...]] = [() for _ in self.envs]

    def reset(
        self, seeds: Sequence[int], poses: Sequence[Any], qpos: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        for i, (env, seed) in enumerate(zip(self.envs, seeds, strict=True)):
            self.draws[i] = self.setup.domain.draw(seed, self._T_world_cam)
            obs = env.reset(seed, T_world_object=poses[i], qpos=qpos[i])
            self._last[i] = self._row(i, obs, success=False, progress=0.0, done=False)
        return list(self._last)

    def step(
        self, actions: NDArray[np.floating], active: NDArray[np.bool_]
    ) -> list[tuple[Any, ...]]:
        for i, env in enumerate(self.envs):
            if active[i]:
                r = env.step(actions[i])
                done = r.success or r.truncated
                self._last[i] = self._row(
                    i, r.obs, success=r.success, progress=r.progress, done=done
                )
        return list(self._last)

    def _row(
        self, i: int, obs: NDArray[np.float32], *, success: bool, progress: float, done: bool
    ) -> tuple[Any, ...]:
        env, draw, setup = self.envs[i], self.draws[i], self.setup
        state = env.env_state()
        pictures: tuple[Any, ...] = (np.zeros((*setup.image_hw, 3), np.uint8), None, None)
        if self.renderer is not None:
            sensor = setup.domain.sensor
            frame = self.renderer.render(state, draw.T_world_cam, lights=draw.lights)
            rgb, wide, depth_mm = sensor.apply(frame.rgb, draw.gain, draw.rng), None, None
            if setup.rgbd_hw is not None:
                frame = self.renderer.render(
                    state, draw.T_world_cam, lights=draw.lights, image_hw=setup.rgbd_hw
                )
                wide = sensor.apply(frame.rgb, draw.gain, draw.rng)
                depth_mm = sensor.apply_depth(frame.depth_m, draw.rng)
            pictures = (rgb, wide, depth_mm)
        return (*pictures, env.proprio(), obs, state, draw.T_world_cam, success, progress, done)


class ImageEnvPool(AbstractContextManager["ImageEnvPool"]):
    """``num_envs`` environments with cameras over ``num_workers`` processes.

    The episode's seed decides start pose, camera, light and noise: the same seeds give the same
    episodes to every policy. Environments never reset themselves. Use as a context manager.
    """

    def __init__(
        self,
        assets: SimAssets,
        task: TaskSpec,
        *,
        background: Background | None,
        domain: Domain | None = None,
        num_envs: int = 8,
        num_workers: int = 2,
        image_hw: tuple[int, int] = POLICY_HW,
        rgbd_hw: tuple[int, int] | None = None,
        policy_view: PinholeCamera | None = None,
    ) -> None:
        """Build environments and renderers.

        Args:
            assets: from ``open_sim_world``.
            task: what to do.
            background: the room; None renders nothing (for policies that need no image).
            domain: physics, camera, light and sensor.
            num_envs: how many.
            num_workers: processes; 0 means this one.
            image_hw: size of the policy's image.
            rgbd_hw: size of a second, RGB-D picture of every step, of the whole video image; None
                for none.
            policy_view: intrinsics of the policy's image; ``policy_camera(assets)`` by default.

        Raises:
            MissingDependencyError: when a background is given but nothing can render it.
        """
        self.assets, self.task, self.domain = assets, task, domain or Domain()
        self.num_envs, self.image_hw = num_envs, image_hw
        view = self.policy_view = policy_view or policy_camera(assets, image_hw)
        num_workers = min(num_workers, num_envs)
        self._parts = np.array_split(np.arange(num_envs), max(num_workers, 1))
        setups = [
            _Setup(assets, task, background, self.domain, len(part), image_hw, rgbd_hw, view)
            for part in self._parts
        ]
        self._rows: list[tuple[Any, ...]] = []
        self._workers = WorkerProcesses(_ImageWorker, setups, in_process=num_workers == 0)

    def _call(self, name: str, arguments: list[tuple[Any, ...]]) -> None:
        self._rows = [row for rows in self._workers.call(name, arguments) for row in rows]

    def reset(
        self,
        seeds: Sequence[int] | NDArray[np.integer],
        *,
        T_world_object: NDArray[np.floating] | None = None,
        qpos: NDArray[np.floating] | None = None,
    ) -> ImageObs:
        """Begin one episode in each environment.

        Args:
            seeds: (n,), one an environment.
            T_world_object: (n, 4, 4) start poses; drawn from the seeds when None.
            qpos: (n, 9) start joints; drawn from the seeds when None.

        Raises:
            BadInputError: when there are not ``num_envs`` seeds.
        """
        if len(seeds) != self.num_envs:
            raise BadInputError(f"reset: {len(seeds)} seeds for {self.num_envs} environments")
        none = [None] * self.num_envs
        poses = none if T_world_object is None else T_world_object
        joints = none if qpos is None else qpos
        self._call(
            "reset",
            [
                ([int(seeds[i]) for i in p], [poses[i] for i in p], [joints[i] for i in p])
                for p in self._parts
            ],
        )
        return self._obs()

    def step(
        self, actions: NDArray[np.floating], *, active: NDArray[np.bool_] | None = None
    ) -> ImageStep:
        """Advance environments by actions (n, a) in [-1, 1].

        Args:
            actions: (n, a).
            active: (n,) which to advance; the others keep their last observation.
        """
        active = np.ones(self.num_envs, dtype=bool) if active is None else active
        self._call("step", [(actions[p], active[p]) for p in self._parts])
        success, done = (np.array(self._column(i), dtype=bool) for i in (7, 9))
        return ImageStep(self._obs(), success, np.array(self._column(8), np.float32), done)

    def _column(self, i: int) -> list[Any]:
        return [row[i] for row in self._rows]

    def _obs(self) -> ImageObs:
        rgb, wide, depth_mm, state = (self._column(i) for i in range(4))
        has_wide = wide[0] is not None
        return ImageObs(
            np.stack(rgb), np.stack(state), np.stack(wide) if has_wide else None,
            np.stack(depth_mm) if has_wide else None,
        )  # fmt: skip

    def privileged_obs(self) -> NDArray[np.float32]:
        """(n, o) what a teacher observes."""
        return np.stack(self._column(4))

    def env_states(self) -> NDArray[np.float32]:
        """(n, 16) simulator states."""
        return np.stack(self._column(5))

    def T_world_cam(self) -> NDArray[np.float64]:
        """(n, 4, 4) where each episode's camera really is."""
        return np.stack(self._column(6))

    def close(self) -> None:
        """End the worker processes."""
        self._workers.close()

    def __exit__(self, *_: object) -> None:
        self.close()
