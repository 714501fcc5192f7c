"""Single gymnasium environments over worker processes, stepped as one batch.

Every episode has a seed of its own from its environment's stream, so results do not depend on how
many processes share the environments, and a training goes on where it was.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from xsim_core.sim.episode.starts import SeedStreams
from xsim_core.sim.processes import WorkerProcesses

from .batched import BatchStep, check_spaces
from .episodes import EPISODE_FIGURES, EpisodeCounts, successes


class _Worker:
    """The environments of one process (or of this one)."""

    def __init__(
        self, make: Callable[[], gymnasium.Env[Any, Any]], indices: Sequence[int], seed: int
    ) -> None:
        self.envs = [make() for _ in indices]
        self.streams, self.counts = SeedStreams(seed, indices), EpisodeCounts(len(indices))

    def spaces(self) -> tuple[gymnasium.Space[Any], gymnasium.Space[Any]]:
        return self.envs[0].observation_space, self.envs[0].action_space

    def reset(self, seeds: NDArray[np.integer] | None) -> NDArray[np.float32]:
        self.counts.begin()
        return np.stack(
            [self._begin(i, None if seeds is None else seeds[i]) for i in range(len(self.envs))]
        )

    def _begin(self, i: int, seed: Any = None) -> NDArray[np.float32]:
        seed = self.streams.next(i) if seed is None else int(seed)
        return np.asarray(self.envs[i].reset(seed=seed)[0], np.float32)

    def step(self, actions: NDArray[np.floating]) -> BatchStep:
        told = [env.step(action) for env, action in zip(self.envs, actions, strict=True)]
        final_obs = np.stack([np.asarray(obs, np.float32) for obs, *_ in told])
        rewards = np.array([float(reward) for _, reward, *_ in told], np.float32)
        terminated = np.array([bool(t[2]) for t in told])
        truncated = np.array([bool(t[3]) for t in told]) & ~terminated
        success = np.concatenate([successes(t[4], 1) for t in told])
        ended, obs = terminated | truncated, final_obs.copy()
        figures = self.counts.step(rewards, success, ended)
        for i in np.flatnonzero(ended):
            obs[i] = self._begin(int(i))
        none = np.zeros((len(told), 0), np.float32)
        return BatchStep(obs, rewards, terminated, truncated, final_obs, none, figures)

    def positions(self) -> NDArray[np.int64]:
        return self.streams.positions()

    def go_to(self, positions: NDArray[np.int64]) -> bool:
        self.streams.go_to(positions)
        return True

    def close(self) -> bool:
        for env in self.envs:
            env.close()
        return True


def _build(job: tuple[Any, ...]) -> _Worker:
    return _Worker(*job)


class EnvProcesses(AbstractContextManager["EnvProcesses"]):
    """``num_envs`` environments in ``num_workers`` processes; 0 workers means this one.

    Use as a context manager, so that processes end with the block, whatever ends it.
    """

    step_figures: Sequence[str] = ()
    episode_figures: Sequence[str] = EPISODE_FIGURES

    def __init__(
        self,
        make: Callable[[], gymnasium.Env[Any, Any]],
        *,
        num_envs: int,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        """Build the environments.

        Args:
            make: one environment, called in the worker processes: a function of a module, or
                ``functools.partial`` of one. It registers what it makes.
            num_envs: how many.
            num_workers: processes.
            seed: root of the seeds of episodes.

        Raises:
            BadInputError: for spaces without bounds or rows.
        """
        self.num_envs = num_envs
        num_workers = min(num_workers, num_envs)
        self._parts = np.array_split(np.arange(num_envs), max(num_workers, 1))
        jobs = [(make, part.tolist(), seed) for part in self._parts]
        self._workers = WorkerProcesses(_build, jobs, in_process=num_workers == 0)
        try:
            spaces = self._workers.call("spaces", [()] * len(jobs))[0]
            self.single_observation_space, self.single_action_space = check_spaces(*spaces)
        except BaseException:
            self._workers.close()
            raise

    def reset(
        self, seeds: NDArray[np.integer] | Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Begin episodes; see ``BatchedEnv``."""
        given = None if seeds is None else np.asarray(seeds)
        parts = [(None if given is None else given[part],) for part in self._parts]
        return np.concatenate(self._workers.call("reset", parts))

    def step(self, actions: NDArray[np.floating]) -> BatchStep:
        """Advance all environments; see ``BatchedEnv``."""
        told = self._workers.call("step", [(actions[part],) for part in self._parts])
        return BatchStep(*(np.concatenate(column) for column in zip(*told, strict=True)))

    def positions(self) -> NDArray[np.int64]:
        """Seeds taken; see ``BatchedEnv``."""
        return np.concatenate(self._workers.call("positions", [()] * len(self._parts)))

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on from there; see ``BatchedEnv``."""
        self._workers.call("go_to", [(positions[part],) for part in self._parts])

    def close(self) -> None:
        """Close the environments and end the processes."""
        self._workers.call("close", [()] * len(self._parts))
        self._workers.close()

    def __exit__(self, *_: object) -> None:
        self._workers.close()


def maniskill_env(env_id: str, **options: Any) -> gymnasium.Env[Any, Any]:
    """One of ManiSkill's environments on the CPU, as gymnasium's interface has them.

    Its episodes go on after success, up to the time limit: ManiSkill's dense rewards are positive,
    and an end at success would cost what is left of them.

    Args:
        env_id: such as ``PushCube-v1``.
        options: of ``gymnasium.make``, such as ``control_mode="pd_ee_delta_pos"``.
    """
    from mani_skill.utils.wrappers.gymnasium import CPUGymWrapper

    from xsim_core.sim.maniskill import allow_physics_without_renderer

    import_module("mani_skill.envs")  # Registers them.
    allow_physics_without_renderer()
    wanted: dict[str, Any] = {
        "obs_mode": "state",
        "sim_backend": "physx_cpu",
        "render_backend": "none",
    }
    wanted |= options
    return CPUGymWrapper(gymnasium.make(env_id, num_envs=1, **wanted), ignore_terminations=True)
