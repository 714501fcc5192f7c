"""Whole episodes of a policy in an ``ImageEnvPool``, one for each seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.storage import Progress

from .image_pool import ImageEnvPool, ImageObs


class ImagePolicy(Protocol):
    """A policy that sees n environments at once."""

    def reset(self, seeds: Sequence[int]) -> None:
        """Begin one episode for each seed."""
        ...

    def act(self, rgb: NDArray[np.uint8], state: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (n, a) in [-1, 1] for images (n, h, w, 3) and proprioception (n, s)."""
        ...


class PrivilegedActor(Protocol):
    """A policy on the simulator's state, such as ``policies.teacher.TeacherActor``."""

    def act(self, obs: NDArray[np.floating]) -> NDArray[np.float32]:
        """Actions (n, a) for privileged observations (n, o)."""
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


@dataclass(frozen=True)
class RolloutResult:
    """Episodes in the order of their seeds; steps concatenated, row = before its action."""

    seeds: NDArray[np.int64]
    """(e,)."""
    success: NDArray[np.bool_]
    """(e,)."""
    progress: NDArray[np.float32]
    """(e,) in [0, 1]."""
    rgb: NDArray[np.uint8]
    """(n, h, w, 3)."""
    state: NDArray[np.float32]
    """(n, s)."""
    action: NDArray[np.float32]
    """(n, a)."""
    env_states: NDArray[np.float32]
    """(n, 16)."""
    episode_ends: NDArray[np.int64]
    """(e,)."""
    T_world_cam: NDArray[np.float64]
    """(e, 4, 4) where the camera really was."""
    wide_rgb: NDArray[np.uint8] | None = None
    """(n, H, W, 3) when the pool has ``rgbd_hw``."""
    wide_depth_mm: NDArray[np.uint16] | None = None
    """(n, H, W)."""

    def episode(self, i: int) -> slice:
        """Rows of episode ``i``."""
        return slice(int(self.episode_ends[i - 1]) if i else 0, int(self.episode_ends[i]))


def rollout(
    pool: ImageEnvPool,
    policy: ImagePolicy,
    seeds: Sequence[int],
    *,
    horizon: int | None = None,
    progress: Progress | None = None,
) -> RolloutResult:
    """Run one episode for each seed, ``pool.num_envs`` at a time.

    An episode ends at success or at the horizon, whichever comes first.

    Args:
        pool: where.
        policy: who.
        seeds: one an episode.
        horizon: control steps; at most and by default the task's.
        progress: called with the fraction done and the success rate so far.
    """
    parts: list[RolloutResult] = []
    for begin in range(0, len(seeds), pool.num_envs):
        chunk = [int(s) for s in seeds[begin : begin + pool.num_envs]]
        parts.append(_run_chunk(pool, policy, chunk, min(horizon or 10**9, pool.task.horizon)))
        if progress is not None:
            success = np.concatenate([p.success for p in parts])
            progress(len(success) / len(seeds), {"success_rate": float(success.mean())})
    return concatenate_rollouts(parts)


def concatenate_rollouts(parts: Sequence[RolloutResult]) -> RolloutResult:
    """All episodes of several results, in order."""
    shifts = np.cumsum([0, *(len(p.action) for p in parts[:-1])])
    fields: dict[str, Any] = {
        name: None
        if getattr(parts[0], name) is None
        else np.concatenate([getattr(p, name) for p in parts])
        for name in RolloutResult.__dataclass_fields__
    }
    ends = [p.episode_ends + shift for p, shift in zip(parts, shifts, strict=True)]
    return RolloutResult(**(fields | {"episode_ends": np.concatenate(ends)}))


def _run_chunk(
    pool: ImageEnvPool, policy: ImagePolicy, seeds: list[int], horizon: int
) -> RolloutResult:
    count, n = len(seeds), pool.num_envs
    # The last chunk may be short: spare environments repeat a seed and stay idle.
    obs = pool.reset(seeds + seeds[:1] * (n - count))
    policy.reset(seeds + seeds[:1] * (n - count))
    cameras = pool.T_world_cam()[:count]
    active = np.arange(n) < count
    success, best = np.zeros(n, bool), np.zeros(n, np.float32)
    rows: list[list[_Step]] = [[] for _ in range(n)]
    for _ in range(horizon):
        actions, states = policy.act(obs.rgb, obs.state), pool.env_states()
        for i in np.flatnonzero(active):
            rows[i].append(_Step.of(obs, int(i), actions[i], states[i]))
        step = pool.step(actions, active=active)
        obs = step.obs
        success |= step.success & active
        best = np.maximum(best, step.progress)
        active &= ~step.done
        if not active.any():
            break
    flat = [row for episode in rows for row in episode]
    wide = [row.wide_rgb for row in flat if row.wide_rgb is not None]
    depth_mm = [row.wide_depth_mm for row in flat if row.wide_depth_mm is not None]
    return RolloutResult(
        seeds=np.array(seeds, np.int64),
        success=success[:count],
        progress=best[:count],
        rgb=np.stack([row.rgb for row in flat]),
        state=np.stack([row.state for row in flat]),
        action=np.stack([row.action for row in flat]).astype(np.float32),
        env_states=np.stack([row.env_state for row in flat]),
        episode_ends=np.cumsum([len(r) for r in rows[:count]]).astype(np.int64),
        T_world_cam=cameras,
        wide_rgb=np.stack(wide) if wide else None,
        wide_depth_mm=np.stack(depth_mm) if depth_mm else None,
    )


@dataclass(frozen=True)
class _Step:
    """One environment before one action, and the action."""

    rgb: NDArray[np.uint8]
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    env_state: NDArray[np.float32]
    wide_rgb: NDArray[np.uint8] | None
    wide_depth_mm: NDArray[np.uint16] | None

    @staticmethod
    def of(
        obs: ImageObs, i: int, action: NDArray[np.float32], env_state: NDArray[np.float32]
    ) -> "_Step":
        """The row of environment ``i``."""
        wide, depth_mm = obs.wide_rgb, obs.wide_depth_mm
        return _Step(
            obs.rgb[i], obs.state[i], action, env_state, None if wide is None else wide[i],
            None if depth_mm is None else depth_mm[i],
        )  # fmt: skip
