"""Closed-loop environments that policies see through a camera."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.processes import WorkerProcesses
from xsim_core.sim.task import TaskSpec

from .asking import Ask, Chunk
from .backgrounds import Background
from .domain import Domain
from .image_worker import EnvRow, ImageWorker, WorkerSetup
from .rendering import POLICY_HW, policy_camera


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
        domain: Domain | Sequence[Domain] | None = None,
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
            domain: physics, camera, light and sensor; one for all, or one for each.
            num_envs: how many.
            num_workers: processes; 0 means this one.
            image_hw: size of the policy's image.
            rgbd_hw: size of a second, RGB-D picture of every step, of the whole video image; None
                for none.
            policy_view: intrinsics of the policy's image; ``policy_camera(assets)`` by default.

        Raises:
            MissingDependencyError: when a background is given but nothing can render it.
            BadInputError: when there is not one domain for each environment.
        """
        self.assets, self.task = assets, task
        each = tuple(domain) if isinstance(domain, Sequence) else (domain or Domain(),) * num_envs
        if len(each) != num_envs:
            raise BadInputError(f"ImageEnvPool: {len(each)} domains for {num_envs} environments")
        self.num_envs, self.image_hw = num_envs, image_hw
        self._has_rgbd = rgbd_hw is not None
        view = self.policy_view = policy_view or policy_camera(assets, image_hw)
        num_workers = min(num_workers, num_envs)
        self._parts = np.array_split(np.arange(num_envs), max(num_workers, 1))
        setups = [
            WorkerSetup(
                assets, task, background, tuple(each[i] for i in part), image_hw, rgbd_hw, view
            )
            for part in self._parts
        ]
        self._rows: list[EnvRow] = []
        self._workers = WorkerProcesses(ImageWorker, setups, in_process=num_workers == 0)

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
        self,
        actions: NDArray[np.floating],
        *,
        active: NDArray[np.bool_] | None = None,
        looked_at: NDArray[np.bool_] | None = None,
    ) -> ImageStep:
        """Advance environments by actions (n, a) in [-1, 1].

        Args:
            actions: (n, a).
            active: (n,) which to advance; the others keep their last observation.
            looked_at: (n,) whose pictures are needed; of the others the last ones stay, for
                pictures cost nearly all of the time. All by default, and all where each step has an
                RGB-D picture.
        """
        everyone = np.ones(self.num_envs, dtype=bool)
        active = everyone if active is None else active
        looked_at = everyone if looked_at is None or self._has_rgbd else looked_at
        self._call("step", [(actions[p], active[p], looked_at[p]) for p in self._parts])
        rows = self._rows
        return ImageStep(
            self._obs(),
            np.array([row.success for row in rows], dtype=bool),
            np.array([row.progress for row in rows], dtype=np.float32),
            np.array([row.done for row in rows], dtype=bool),
        )

    def ask(self, ask: Ask, which: NDArray[np.bool_]) -> list[Chunk | None]:
        """What a teacher would do from here in the environments ``which`` (n,); None in others.

        Nothing changes in them.
        """
        answers = self._workers.call("ask", [(ask, which[p]) for p in self._parts])
        return [chunk for part in answers for chunk in part]

    def _obs(self) -> ImageObs:
        wide = [row.wide_rgb for row in self._rows if row.wide_rgb is not None]
        depth_mm = [row.wide_depth_mm for row in self._rows if row.wide_depth_mm is not None]
        return ImageObs(
            rgb=np.stack([row.rgb for row in self._rows]),
            state=np.stack([row.proprio for row in self._rows]),
            wide_rgb=np.stack(wide) if wide else None,
            wide_depth_mm=np.stack(depth_mm) if depth_mm else None,
        )

    def privileged_obs(self) -> NDArray[np.float32]:
        """(n, o) what a teacher observes."""
        return np.stack([row.privileged for row in self._rows])

    def env_states(self) -> NDArray[np.float32]:
        """(n, 16) simulator states."""
        return np.stack([row.env_state for row in self._rows])

    def T_world_cam(self) -> NDArray[np.float64]:
        """(n, 4, 4) where each episode's camera really is."""
        return np.stack([row.T_world_cam for row in self._rows])

    def close(self) -> None:
        """End the worker processes."""
        self._workers.close()

    def __exit__(self, *_: object) -> None:
        self.close()
