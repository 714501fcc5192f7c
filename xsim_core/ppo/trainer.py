"""The loop of PPO on any batched environment: collect, update, evaluate, keep, go on after a stop.

The network is updated on the runtime's device. A copy of it acts on the CPU, where the environments
are: it takes the weights once an iteration, so that no step waits for a GPU.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from xsim_core.device import device_memory
from xsim_core.policies.teacher import ActorCritic, RunningNormaliser, teacher_arrays
from xsim_core.storage.runtime import Progress

from .batched import BatchedEnv, into_bounds
from .checkpoint import load_checkpoint, save_checkpoint
from .config import PPOSettings
from .divergence import check_finite
from .update import Rollout, ppo_update

logger = logging.getLogger(__name__)

SELECTION_SEED = 1_000_000_000
"""Evaluation seeds start here: training's are 32-bit hashes of (seed, environment, episode)."""

Arrays = dict[str, NDArray[Any]]


class Evaluated(NamedTuple):
    """Whole episodes of one policy; m of them."""

    success: NDArray[Any]
    """(m,), of booleans, or of NaN where nobody can say."""
    returns: NDArray[np.floating]
    """(m,)."""


@dataclass
class Trainer:
    """One training; ``best`` holds the arrays of its best policy."""

    envs: BatchedEnv
    config: PPOSettings
    checkpoint: Path
    device: torch.device
    evaluate: Callable[[Arrays, int], Evaluated]
    """Deterministic episodes of a policy's arrays on seeds that begin there."""
    progress: Progress
    best: Arrays = field(default_factory=dict)
    best_score: float = -np.inf
    env_steps: int = 0
    iteration: int = 0
    reached: bool = False
    curve: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config, envs = self.config, self.envs
        obs_dim = envs.single_observation_space.shape[0]
        self.net, self.acting = (
            ActorCritic(
                obs_dim,
                envs.single_action_space.shape[0],
                config.hidden_sizes,
                seed=config.seed,
                log_std_init=config.log_std_init,
            )
            for _ in range(2)
        )
        self.net.to(self.device)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=config.learning_rate, eps=1e-5)
        self.normaliser = RunningNormaliser(obs_dim)
        self.rng = np.random.default_rng([config.seed, 0])
        self._positions = envs.positions()
        self._resume()

    def _resume(self) -> None:
        found = load_checkpoint(self.checkpoint, self.net, self.optimiser, self.normaliser)
        if found is None:
            return
        record, self.best = found
        self.best_score, self.env_steps = record["best_score"], record["env_steps"]
        self.iteration, self.reached = record["iteration"], record["reached"]
        self.curve = {
            k: [np.nan if x is None else x for x in v] for k, v in record["curve"].items()
        }
        if "rng" in record:
            self.rng.bit_generator.state = record["rng"]
            self.envs.go_to(np.array(record["positions"]))
        else:  # Of an older version: episodes are new ones.
            self.rng = np.random.default_rng([self.config.seed, self.iteration])
        logger.info("resuming at iteration %d (%d steps)", self.iteration, self.env_steps)

    def run(self) -> None:
        """Iterate until the threshold or the budget; whichever, ``best`` holds a policy."""
        config = self.config
        obs = self.envs.reset()
        if self.iteration == 0:
            self.normaliser.update(obs)
        while not self.reached and self.env_steps < config.num_env_steps:
            clock = time.monotonic()
            rollout, obs, figures = self._collect(obs)
            self._learn(rollout, figures)
            figures["steps_per_s"] = rollout.rewards.size / (time.monotonic() - clock)
            figures["eval_success"] = np.nan
            done = self.env_steps >= config.num_env_steps
            if is_due := self.iteration % config.eval_every == 0 or done:
                self._consider(figures)
                self._positions = self.envs.positions()
                obs = self.envs.reset()
            self._record(figures, keep=is_due)

    def _learn(self, rollout: Rollout, figures: dict[str, float]) -> None:
        less = f"ppo.num_minibatches above {self.config.num_minibatches}"
        with device_memory(self.device, less):
            figures |= ppo_update(self.net, self.optimiser, rollout, self.config, rng=self.rng)
        self.iteration += 1
        self.env_steps += rollout.rewards.size
        check_finite(
            rollout,
            figures,
            self.net,
            self.normaliser,
            iteration=self.iteration,
            folder=self.checkpoint.parent,
        )

    def _collect(
        self, obs: NDArray[np.float32]
    ) -> tuple[Rollout, NDArray[np.float32], dict[str, float]]:
        """``num_steps`` of sampled actions in every environment."""
        config, rows, raw = self.config, [], []
        self.acting.load_state_dict(self.net.state_dict())
        finals, finished, told = [], [], []
        std = self.acting.log_std.detach().exp().numpy()
        for _ in range(config.num_steps):
            x = self.normaliser(obs)
            with torch.no_grad():
                mean, value = self.acting(torch.from_numpy(x))
                noise = self.rng.standard_normal(mean.shape).astype(np.float32)
                action = mean + torch.from_numpy(noise * std)
                logprob = self.acting.log_prob(mean, action)
            step = self.envs.step(into_bounds(action.numpy(), self.envs.single_action_space))
            acted = (x, action.numpy(), logprob.numpy(), value.numpy())
            rows.append((*acted, step.rewards, step.terminated, step.truncated))
            raw.append(obs)
            finals.append(step.final_obs)
            told.append(step.step_figures)
            finished.append(step.episode_figures[step.terminated | step.truncated])
            obs = step.obs
        after = self.normaliser(np.stack(finals))
        with torch.no_grad():
            next_values = self.acting.critic(torch.from_numpy(after)).squeeze(-1).numpy()
        rollout = Rollout(*(np.stack(c) for c in zip(*rows, strict=True)), next_values=next_values)
        self.normaliser.update(np.concatenate(raw))
        figures = self._figures(np.concatenate(told), np.concatenate(finished))
        figures["train_reward"] = float(rollout.rewards.mean())
        figures["action_std"] = float(std.mean())
        return rollout, obs, figures

    def _figures(
        self, told: NDArray[np.floating], finished: NDArray[np.floating]
    ) -> dict[str, float]:
        """Means over the steps and over the episodes that ended, by their names."""
        means = np.mean(told, axis=0)
        figures = {n: float(m) for n, m in zip(self.envs.step_figures, means, strict=True)}
        for i, name in enumerate(self.envs.episode_figures):
            figures[f"train_{name}"] = float(finished[:, i].mean()) if len(finished) else np.nan
        return figures

    def _consider(self, figures: dict[str, float]) -> None:
        """Evaluate the current policy; keep it if best; stop if a second, fresh set agrees."""
        arrays = teacher_arrays(self.net, self.normaliser)
        outcomes = self.evaluate(arrays, SELECTION_SEED)
        success, returned = float(outcomes.success.mean()), float(outcomes.returns.mean())
        if np.isnan(success):
            figures["eval_return"] = score = returned
        else:
            figures["eval_success"], score = success, success + 1e-3 * returned
        if score > self.best_score:
            self.best_score, self.best = score, arrays
        threshold = self.config.success_threshold
        if success >= threshold:
            again = self.evaluate(arrays, SELECTION_SEED + self.config.num_eval_episodes)
            self.reached = bool(again.success.mean() >= threshold)
            if self.reached:
                self.best = arrays

    def _record(self, figures: dict[str, float], *, keep: bool) -> None:
        figures["env_steps"] = float(self.env_steps)
        for name, value in figures.items():
            self.curve.setdefault(name, []).append(value)
        shown = ("train_success", "eval_success", "eval_return", "train_reward", "steps_per_s")
        fraction = 1.0 if self.reached else self.env_steps / self.config.num_env_steps
        latest = {k: figures[k] for k in (*shown, "env_steps") if k in figures}
        self.progress(min(fraction, 1.0), {k: v for k, v in latest.items() if not np.isnan(v)})
        if not keep:
            return
        record = {
            "best_score": self.best_score,
            "env_steps": self.env_steps,
            "reached": self.reached,
            "iteration": self.iteration,
            "rng": self.rng.bit_generator.state,
            "positions": self._positions.tolist(),
            "curve": {k: [None if np.isnan(x) else x for x in v] for k, v in self.curve.items()},
        }
        save_checkpoint(
            self.checkpoint, self.net, self.optimiser, self.normaliser, record, self.best
        )
