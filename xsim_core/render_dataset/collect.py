"""Teacher rollouts without pictures: states, proprioception and the teacher's own actions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import TeacherPolicy
from xsim_core.errors import QualityGateError
from xsim_core.policies.teacher import TeacherActor, load_teacher
from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import RenderDatasetConfig


@dataclass(frozen=True)
class Episode:
    """One successful rollout; row = before its action."""

    seed: int
    env_states: NDArray[np.float32]
    """(t, 16)."""
    state: NDArray[np.float32]
    """(t, s)."""
    action: NDArray[np.float32]
    """(t, a) the teacher's own, without disturbance."""


@dataclass(frozen=True)
class Collection:
    """Successful episodes and what they cost."""

    episodes: list[Episode]
    num_attempts: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        """``seeds`` (e,), ``episode_ends`` (e,) and the rows of all episodes, concatenated."""
        e = self.episodes
        return {
            "seeds": np.array([x.seed for x in e], np.int64),
            "episode_ends": np.cumsum([len(x.action) for x in e]).astype(np.int64),
            **{n: np.concatenate([getattr(x, n) for x in e]) for n in _ROWS},
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]], *, num_attempts: int) -> "Collection":
        """What ``arrays`` answered."""
        ends = arrays["episode_ends"]
        rows = {n: np.split(arrays[n], ends[:-1]) for n in _ROWS}
        episodes = [
            Episode(int(seed), **{n: rows[n][i] for n in _ROWS})
            for i, seed in enumerate(arrays["seeds"])
        ]
        return Collection(episodes, num_attempts)

    def save(self, folder: Path) -> None:
        """Keep it in a folder."""
        write_arrays(folder / _FILE, {"num_attempts": self.num_attempts, **self.arrays()})

    @staticmethod
    def load(folder: Path) -> "Collection | None":
        """What ``save`` kept there, or None."""
        if (arrays := read_arrays(folder / _FILE)) is None:
            return None
        return Collection.from_arrays(arrays, num_attempts=int(arrays["num_attempts"]))


_FILE = "rollouts.npz"
_ROWS = ("env_states", "state", "action")
NUM_ENVS = 16


def collected(
    teacher: OpenArtifact[TeacherPolicy],
    sim: OpenSimWorld,
    config: RenderDatasetConfig,
    out: ArtifactWriter,
    *,
    share: float,
) -> Collection:
    """Successful rollouts, from the stage's scratch where an earlier try left them.

    Args:
        teacher: whose.
        sim: the simulator's world.
        config: how many.
        out: keeps them for the next try, and hears the progress.
        share: of the stage's progress.

    Raises:
        QualityGateError: when too few rollouts succeed.
    """
    if (kept := Collection.load(out.scratch())) is not None:
        return kept

    def report(successes: int, attempts: int) -> None:
        done = max(successes / config.num_episodes, attempts / config.max_attempts)
        rate = successes / max(attempts, 1)
        out.progress(share * min(done, 1.0), {"episodes": successes, "success_rate": rate})

    collection = collect_episodes(
        load_teacher(teacher), sim, config, num_workers=out.runtime.num_workers, progress=report
    )
    if len(collection.episodes) < config.min_episodes:
        raise QualityGateError(
            f"{len(collection.episodes)} of {collection.num_attempts} teacher rollouts succeeded, "
            f"fewer than min_episodes = {config.min_episodes}. Train {teacher.ref} longer "
            "(ppo.num_env_steps), or lower action_noise."
        )
    collection.save(out.scratch())
    return collection


def collect_episodes(
    teacher: TeacherActor,
    sim: OpenSimWorld,
    config: RenderDatasetConfig,
    *,
    num_workers: int,
    progress: Callable[[int, int], None],
) -> Collection:
    """Roll the teacher out until enough episodes succeeded or the attempts are used up.

    Args:
        teacher: deterministic policy on privileged state.
        sim: the simulator's world.
        config: how many.
        num_workers: processes; 0 means this one.
        progress: called with successes and attempts so far.
    """
    kept: list[Episode] = []
    attempts = 0
    with ImageEnvPool(
        sim.assets,
        sim.task,
        background=None,
        domain=config.domain,
        num_envs=NUM_ENVS,
        num_workers=num_workers,
    ) as pool:
        while len(kept) < config.num_episodes and attempts < config.max_attempts:
            seeds = range(config.seed + attempts, config.seed + attempts + NUM_ENVS)
            for episode in _run_batch(pool, teacher, list(seeds), config):
                attempts += 1
                if episode is not None:
                    kept.append(episode)
                if len(kept) == config.num_episodes or attempts == config.max_attempts:
                    break
            progress(len(kept), attempts)
    return Collection(kept, attempts)


def _run_batch(
    pool: ImageEnvPool, teacher: TeacherActor, seeds: list[int], config: RenderDatasetConfig
) -> list[Episode | None]:
    """One episode a seed; None where it failed."""
    n = pool.num_envs
    noise = [_Disturbance(seed, config) for seed in seeds]
    obs = pool.reset(seeds)
    rows: list[list[tuple[NDArray[np.float32], ...]]] = [[] for _ in seeds]
    since_success = np.full(n, -1)
    active = np.ones(n, dtype=bool)
    for _ in range(pool.task.horizon):
        action, states = teacher.act(pool.privileged_obs()), pool.env_states()
        executed = action + np.stack([d.next(pool.task.action_dim) for d in noise])
        for i in np.flatnonzero(active):
            rows[i].append((states[i], obs.state[i], action[i]))
        step = pool.step(np.clip(executed, -1, 1), active=active)
        obs = step.obs
        since_success = np.where(
            (since_success >= 0) | step.success, since_success + 1, since_success
        )
        active &= since_success < config.steps_after_success
        if not active.any():
            break
    return [
        Episode(seed, *(np.stack(c).astype(np.float32) for c in zip(*rows[i], strict=True)))
        if since_success[i] >= 0
        else None
        for i, seed in enumerate(seeds)
    ]


class _Disturbance:
    """Correlated Gaussian noise on one episode's actions, or none."""

    def __init__(self, seed: int, config: RenderDatasetConfig) -> None:
        self._rng = np.random.default_rng([seed, 0xDA])
        is_noisy = self._rng.random() < config.noisy_fraction
        self._std = config.action_noise if is_noisy else 0.0
        self._correlation = config.noise_correlation
        self._value: NDArray[np.float64] | float = 0.0

    def next(self, action_dim: int) -> NDArray[np.float64]:
        """The disturbance (a,) of the next step."""
        fresh = self._rng.standard_normal(action_dim) * self._std
        rho = self._correlation
        self._value = rho * self._value + (1 - rho**2) ** 0.5 * fresh
        return np.asarray(self._value)
