"""Many environments over a few processes, stepped as one batch.

Each environment owns its PhysX scene and its stream of seeds, so results do not depend on how
many workers share the environments.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .assets import SimAssets
from .demonstration_starts import DemonstrationStarts
from .env import SimEnv
from .episode.starts import SeedStreams
from .episode.step import StepResult
from .processes import WorkerProcesses
from .reward import TERMS
from .task import Physics, TaskSpec


class PoolStep(NamedTuple):
    """One control step of all environments; n of them."""

    obs: NDArray[np.float32]
    """(n, o), already of the next episode where one ended."""
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    """The object is at its goal now. The episode goes on unless the pool stops at success."""
    truncated: NDArray[np.bool_]
    """The episode ended here, and a new one began."""
    success: NDArray[np.bool_]
    """Success at any step of the episode so far."""
    progress: NDArray[np.float32]
    """Best of the episode so far, in [0, 1]."""
    final_obs: NDArray[np.float32]
    """(n, o) before any automatic reset."""
    env_states: NDArray[np.float32]
    """(n, 16) before any automatic reset."""
    terms: NDArray[np.float32]
    """(n, 7) weighted reward terms in the order of ``reward.TERMS``."""


class PoolReset(NamedTuple):
    """The beginnings of n episodes."""

    obs: NDArray[np.float32]
    """(n, o)."""
    env_states: NDArray[np.float32]
    """(n, 16)."""


class _Worker:
    """The environments of one process (or of this one)."""

    def __init__(
        self,
        assets: SimAssets,
        task: TaskSpec,
        physics: Sequence[Physics],
        indices: Sequence[int],
        seed: int,
    ) -> None:
        self.envs = [SimEnv(assets, task, physics=p) for p in physics]
        self.streams = SeedStreams(seed, indices)
        self.has_succeeded = np.zeros(len(self.envs), dtype=bool)
        self.share = task.start.demonstration_share
        # Tried with the task's own physics, so that it is the same grasp in every process.
        self.on_path = DemonstrationStarts(SimEnv(assets, task)) if self.share > 0 else None

    def obs_dim(self) -> int:
        return self.envs[0].obs_dim

    def positions(self) -> NDArray[np.int64]:
        return self.streams.positions()

    def go_to(self, positions: NDArray[np.int64]) -> bool:
        self.streams.go_to(positions)
        return True

    def _begin_anew(self, i: int) -> NDArray[np.float32]:
        """An automatic reset, now and then on the demonstrated path."""
        seed = self.streams.next(i)
        rng = np.random.default_rng([seed, 1])
        if self.on_path is None or rng.random() >= self.share:
            return self.envs[i].reset(seed)
        return self.envs[i].reset(seed, on_path=self.on_path.sample(rng))

    def reset(self, seeds: NDArray[np.int64] | None) -> PoolReset:
        self.has_succeeded[:] = False
        obs = []
        for i, env in enumerate(self.envs):
            obs.append(self._begin_anew(i) if seeds is None else env.reset(int(seeds[i])))
        return PoolReset(np.stack(obs), np.stack([env.env_state() for env in self.envs]))

    def step(self, actions: NDArray[np.floating]) -> PoolStep:
        steps = [self._step(i, action) for i, action in enumerate(actions)]
        return PoolStep(
            obs=np.stack([s.obs for s in steps]),
            rewards=np.array([s.result.reward for s in steps], np.float32),
            terminated=np.array([s.result.terminated for s in steps], bool),
            truncated=np.array([s.result.truncated for s in steps], bool),
            success=np.array([s.has_succeeded for s in steps], bool),
            progress=np.array([s.result.progress for s in steps], np.float32),
            final_obs=np.stack([s.result.obs for s in steps]),
            env_states=np.stack([s.env_state for s in steps]),
            terms=np.array([[s.result.terms[n] for n in TERMS] for s in steps], np.float32),
        )

    def _step(self, i: int, action: NDArray[np.floating]) -> "_Stepped":
        result = self.envs[i].step(action)
        self.has_succeeded[i] |= result.success
        state, has_succeeded, obs = self.envs[i].env_state(), self.has_succeeded[i], result.obs
        if result.truncated:
            obs = self._begin_anew(i)
            self.has_succeeded[i] = False
        return _Stepped(result, obs, state, bool(has_succeeded))


@dataclass(frozen=True)
class _Stepped:
    """One environment's step, and what it shows now."""

    result: StepResult
    obs: NDArray[np.float32]
    """(o,) of the next episode where one ended."""
    env_state: NDArray[np.float32]
    """(16,) before an automatic reset."""
    has_succeeded: bool
    """At any step of the episode."""


def _build_worker(job: tuple[Any, ...]) -> _Worker:
    return _Worker(*job)


class EnvPool(AbstractContextManager["EnvPool"]):
    """``num_envs`` environments in ``num_workers`` processes; 0 workers means this one.

    Use as a context manager, so that processes end with the block, whatever ends it.
    """

    def __init__(
        self,
        assets: SimAssets,
        task: TaskSpec,
        *,
        num_envs: int,
        num_workers: int = 0,
        physics: Physics | Sequence[Physics] | None = None,
        seed: int = 0,
    ) -> None:
        """Build the environments.

        Args:
            assets: from ``open_sim_world``.
            task: what to do.
            num_envs: how many.
            num_workers: processes.
            physics: one for all, or one for each; the task's by default.
            seed: root of the seeds of automatic resets.
        """
        each = physics if isinstance(physics, Sequence) else [physics or task.physics] * num_envs
        if len(each) != num_envs:
            raise BadInputError(f"EnvPool: {len(each)} physics for {num_envs} environments")
        self.num_envs, self.action_dim, self.task = num_envs, task.action_dim, task
        num_workers = min(num_workers, num_envs)
        self._parts = np.array_split(np.arange(num_envs), max(num_workers, 1))
        jobs = [(assets, task, [each[i] for i in p], p.tolist(), seed) for p in self._parts]
        self._workers = WorkerProcesses(_build_worker, jobs, in_process=num_workers == 0)
        self.obs_dim = int(self._workers.call("obs_dim", [()] * len(jobs))[0])

    def _call(self, name: str, arguments: list[Any]) -> list[NDArray[Any]]:
        """Send one request to each worker and join the answers along the environments."""
        answers = self._workers.call(name, [(argument,) for argument in arguments])
        return [np.concatenate(columns) for columns in zip(*answers, strict=True)]

    def reset(
        self, seeds: NDArray[np.integer] | Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Begin episodes with these seeds (n,), or the pool's own; returns observations (n, o)."""
        parts = [None if seeds is None else np.asarray(seeds)[p] for p in self._parts]
        begun = PoolReset(*self._call("reset", parts))
        self.env_states = begun.env_states
        return begun.obs

    def step(self, actions: NDArray[np.floating]) -> PoolStep:
        """Advance all environments by actions (n, a) in [-1, 1]; ended episodes begin anew."""
        return PoolStep(*self._call("step", [actions[p] for p in self._parts]))

    def positions(self) -> NDArray[np.int64]:
        """(n,) how many seeds each environment has taken from its stream."""
        return np.concatenate(self._workers.call("positions", [()] * len(self._parts)))

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on with the streams from there: ``reset()`` begins what it began there."""
        self._workers.call("go_to", [(positions[part],) for part in self._parts])

    def close(self) -> None:
        """End the worker processes."""
        self._workers.close()

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Outcomes:
    """Whole episodes of one policy; m of them."""

    seeds: NDArray[np.int64]
    success: NDArray[np.bool_]
    """Success at any step."""
    progress: NDArray[np.float32]
    returns: NDArray[np.float32]
    env_states: NDArray[np.float32]
    """(m, horizon + 1, 16)."""

    def first(self, count: int) -> "Outcomes":
        """The first ``count`` of the episodes."""
        return Outcomes(*(values[:count] for values in _columns(self)))

    @staticmethod
    def joined(batches: "Sequence[Outcomes]") -> "Outcomes":
        """All episodes of several batches, in order."""
        columns = zip(*map(_columns, batches), strict=True)
        return Outcomes(*(np.concatenate(column) for column in columns))


def _columns(outcomes: Outcomes) -> list[NDArray[Any]]:
    return [getattr(outcomes, field.name) for field in fields(outcomes)]


def run_episodes(
    pool: EnvPool, act: Callable[[NDArray[np.float32]], NDArray[np.floating]], seeds: Sequence[int]
) -> Outcomes:
    """Run one episode for each seed, ``pool.num_envs`` at a time."""
    batches: list[Outcomes] = []
    for begin in range(0, len(seeds), pool.num_envs):
        batch = np.resize(np.asarray(seeds[begin : begin + pool.num_envs]), pool.num_envs)
        obs = pool.reset(batch)
        states, returns = [pool.env_states], np.zeros(pool.num_envs, np.float32)
        step = None
        for _ in range(pool.task.horizon):
            step = pool.step(act(obs))
            obs = step.obs
            returns += step.rewards
            states.append(step.env_states)
        assert step is not None
        whole = Outcomes(batch, step.success, step.progress, returns, np.stack(states, axis=1))
        batches.append(whole.first(min(pool.num_envs, len(seeds) - begin)))
    return Outcomes.joined(batches)
