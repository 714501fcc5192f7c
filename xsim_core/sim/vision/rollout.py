"""Whole episodes of a policy in an ``ImageEnvPool``, one for each seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.storage import Progress

from .asking import PrivilegedActor
from .image_pool import ImageEnvPool
from .recorder import Recorder, RolloutResult


class ImagePolicy(Protocol):
    """A policy that sees n environments at once."""

    def reset(self, seeds: Sequence[int]) -> None:
        """Begin one episode for each seed."""
        ...

    def act(self, rgb: NDArray[np.uint8], state: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (n, a) in [-1, 1] for images (n, h, w, 3) and proprioception (n, s)."""
        ...

    def looks(self) -> NDArray[np.bool_]:
        """(n,) whether the next ``act`` will look at each environment's image."""
        ...


@dataclass
class TeacherInPool:
    """A privileged policy in the place of an image policy: it reads the pool instead."""

    teacher: PrivilegedActor
    pool: ImageEnvPool

    def reset(self, seeds: Sequence[int]) -> None:
        """Nothing to forget."""
        del seeds

    def act(self, rgb: NDArray[np.uint8], state: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (n, a); image and proprioception are not looked at."""
        del rgb, state
        return self.teacher.act(self.pool.privileged_obs())

    def looks(self) -> NDArray[np.bool_]:
        """At none."""
        return np.zeros(self.pool.num_envs, bool)


def rollout(
    pool: ImageEnvPool,
    policy: ImagePolicy,
    seeds: Sequence[int],
    *,
    horizon: int | None = None,
    num_filmed: int | None = None,
    progress: Progress | None = None,
) -> RolloutResult:
    """Run one episode for each seed, ``pool.num_envs`` at a time.

    An episode ends at success or at the horizon, whichever comes first. Pictures are written as
    they come: within ``windows.arrays_below`` into files, so that no rollout is too large.

    Args:
        pool: where.
        policy: who.
        seeds: one an episode.
        horizon: control steps; at most and by default the task's.
        num_filmed: of how many of the first episodes every picture is rendered (None: all). Of the
            others only those that the policy looks at are; the rows between repeat the last one.
            Episodes go the same way.
        progress: called with the fraction done and the success rate so far.
    """
    horizon = min(horizon or pool.task.horizon, pool.task.horizon)
    recorder = Recorder(num_episodes=len(seeds), horizon=horizon)
    for begin in range(0, len(seeds), pool.num_envs):
        group = [int(s) for s in seeds[begin : begin + pool.num_envs]]
        is_filmed = (
            np.arange(begin, begin + pool.num_envs) < num_filmed if num_filmed is not None else None
        )
        _run_group(pool, policy, group, horizon, recorder, is_filmed)
        if progress is not None:
            num_done, success_rate = recorder.success_rate
            progress(num_done / len(seeds), {"success_rate": success_rate})
    return recorder.result()


def _run_group(
    pool: ImageEnvPool,
    policy: ImagePolicy,
    seeds: list[int],
    horizon: int,
    recorder: Recorder,
    is_filmed: NDArray[np.bool_] | None,
) -> None:
    count, n = len(seeds), pool.num_envs
    # The last group may be short: spare environments repeat a seed and stay idle.
    obs = pool.reset(seeds + seeds[:1] * (n - count))
    policy.reset(seeds + seeds[:1] * (n - count))
    cameras = pool.T_world_cam()[:count]
    active = np.arange(n) < count
    success, best = np.zeros(n, bool), np.zeros(n, np.float32)
    recorder.begin(count)
    for _ in range(horizon):
        actions = policy.act(obs.rgb, obs.state)
        recorder.keep(active, obs, actions, pool.env_states())
        looked_at = None if is_filmed is None else is_filmed | policy.looks()
        step = pool.step(actions, active=active, looked_at=looked_at)
        obs = step.obs
        success |= step.success & active
        best = np.maximum(best, step.progress)
        active &= ~step.done
        if not active.any():
            break
    recorder.end(seeds=seeds, success=success[:count], progress=best[:count], T_world_cam=cameras)
