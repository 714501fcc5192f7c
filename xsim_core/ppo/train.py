"""Learn the task from privileged state: PPO on a pool of CPU environments.

The network is updated on the runtime's device. A copy of it acts on the CPU, where the environments
are: it takes the weights once an iteration, so that no step waits for a GPU.
"""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xsim_core.artifacts import SimWorld, TeacherPolicy
from xsim_core.device import device_memory, find_device
from xsim_core.errors import QualityGateError
from xsim_core.policies.teacher import (
    ActorCritic,
    RunningNormaliser,
    actor_from_arrays,
    teacher_arrays,
)
from xsim_core.sim import EnvPool, Outcomes, open_sim_world, run_episodes
from xsim_core.sim.reward import TERMS
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .checkpoint import load_checkpoint, save_checkpoint
from .config import PPOConfig
from .divergence import check_finite
from .pictures import learning_curve_png, paths_png
from .update import Rollout, ppo_update

logger = logging.getLogger(__name__)

SELECTION_SEED, FINAL_SEED = 1_000_000_000, 2_000_000_000
"""Evaluation seeds start here: training's are 32-bit hashes of (seed, environment, episode)."""


def train_teacher(
    sim: OpenArtifact[SimWorld],
    *,
    config: PPOConfig,
    out: ArtifactWriter,
) -> TeacherPolicy:
    """Train until the success threshold or the step budget; keep the best policy.

    Resumes from ``out.scratch()`` after an interruption: weights and curves continue, episodes
    are new ones.

    Raises:
        QualityGateError: when the best policy stays below ``config.min_success``.
        TrainingDivergedError: when it became NaN; the state lies in the scratch.
    """
    torch.set_num_threads(1)
    folder = out.scratch()
    world = open_sim_world(sim, folder / "world")
    rng = np.random.default_rng([config.seed, 1])
    spread = config.physics
    physics = [spread.sample(rng) for _ in range(config.num_envs)] if spread else None
    with EnvPool(
        world.assets,
        world.task,
        num_envs=config.num_envs,
        num_workers=out.runtime.num_workers,
        physics=physics,
        seed=config.seed,
    ) as pool:
        trainer = _Trainer(pool, config, folder / "checkpoint.npz", out)
        trainer.run()
        final = trainer.evaluate(trainer.best, FINAL_SEED)
    curve = {k: np.array(v, dtype=np.float64) for k, v in trainer.curve.items()}
    out.write_all(trainer.best)
    out.write_all(curve, prefix="curve")
    threshold = config.success_threshold
    out.add_file("learning_curve.png", learning_curve_png(curve, threshold=threshold))
    out.add_file("paths_top_view.png", paths_png(world.assets, final))
    success = float(final.success.mean())
    if success < config.min_success:
        raise QualityGateError(
            f"teacher for '{world.task.name}' succeeds in {success:.0%} of "
            f"{len(final.success)} episodes, below PPOConfig.min_success {config.min_success:.0%}. "
            "Raise num_env_steps, or widen the task's tolerances."
        )
    return TeacherPolicy(
        task=world.task.name,
        num_env_steps=trainer.env_steps,
        success_rate=success,
        num_eval_episodes=len(final.success),
        reached_threshold=trainer.reached,
    )


@dataclass
class _Trainer:
    pool: EnvPool
    config: PPOConfig
    checkpoint: Path
    out: ArtifactWriter
    best: dict[str, NDArray[Any]] = field(default_factory=dict)
    best_score: float = -1.0
    env_steps: int = 0
    iteration: int = 0
    reached: bool = False
    curve: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config, pool = self.config, self.pool
        self.device = find_device(self.out.runtime.device)
        self.net, self.acting = (
            ActorCritic(
                pool.obs_dim,
                pool.action_dim,
                config.hidden_sizes,
                seed=config.seed,
                log_std_init=config.log_std_init,
            )
            for _ in range(2)
        )
        self.net.to(self.device)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=config.learning_rate, eps=1e-5)
        self.normaliser = RunningNormaliser(pool.obs_dim)
        self._resume()
        self.rng = np.random.default_rng([config.seed, self.iteration])

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
        logger.info("resuming at iteration %d (%d steps)", self.iteration, self.env_steps)

    def run(self) -> None:
        """Iterate until the threshold or the budget; whichever, ``best`` holds a policy."""
        config = self.config
        obs = self.pool.reset()
        if self.iteration == 0:
            self.normaliser.update(obs)
        while not self.reached and self.env_steps < config.num_env_steps:
            clock = time.monotonic()
            rollout, obs, figures = self._collect(obs)
            less = f"ppo.num_minibatches above {config.num_minibatches}"
            with device_memory(self.device, less):
                figures |= ppo_update(self.net, self.optimiser, rollout, config, rng=self.rng)
            self.iteration += 1
            check_finite(
                rollout,
                figures,
                self.net,
                self.normaliser,
                iteration=self.iteration,
                folder=self.checkpoint.parent,
            )
            self.env_steps += rollout.rewards.size
            figures["steps_per_s"] = rollout.rewards.size / (time.monotonic() - clock)
            figures["eval_success"] = np.nan
            done = self.env_steps >= config.num_env_steps
            if self.iteration % config.eval_every == 0 or done:
                figures["eval_success"] = self._consider()
                obs = self.pool.reset()
            self._record(figures)

    def _collect(
        self, obs: NDArray[np.float32]
    ) -> tuple[Rollout, NDArray[np.float32], dict[str, float]]:
        """``num_steps`` of sampled actions in every environment."""
        config, rows, raw = self.config, [], []
        self.acting.load_state_dict(self.net.state_dict())
        finals, finished, terms = [], [], []
        std = self.acting.log_std.detach().exp().numpy()
        for _ in range(config.num_steps):
            x = self.normaliser(obs)
            with torch.no_grad():
                mean, value = self.acting(torch.from_numpy(x))
                noise = self.rng.standard_normal(mean.shape).astype(np.float32)
                action = mean + torch.from_numpy(noise * std)
                logprob = self.acting.log_prob(mean, action)
            step = self.pool.step(np.clip(action.numpy(), -1.0, 1.0))
            rows.append(
                (x, action.numpy(), logprob.numpy(), value.numpy(), step.rewards, step.truncated)
            )
            raw.append(obs)
            finals.append(step.final_obs)
            terms.append(step.terms)
            finished += list(zip(step.success[step.truncated], step.progress[step.truncated]))  # noqa: B905
            obs = step.obs
        after = self.normaliser(np.stack(finals))
        with torch.no_grad():
            next_values = self.acting.critic(torch.from_numpy(after)).squeeze(-1).numpy()
        rollout = Rollout(*(np.stack(c) for c in zip(*rows, strict=True)), next_values=next_values)
        self.normaliser.update(np.concatenate(raw))
        means = np.mean(np.concatenate(terms), axis=0)
        figures = {f"term_{n}": float(m) for n, m in zip(TERMS, means, strict=True)}
        ended = np.array(finished, dtype=float).reshape(-1, 2)
        figures["train_success"] = float(ended[:, 0].mean()) if len(ended) else np.nan
        figures["train_progress"] = float(ended[:, 1].mean()) if len(ended) else np.nan
        figures["train_reward"] = float(rollout.rewards.mean())
        figures["action_std"] = float(std.mean())
        return rollout, obs, figures

    def evaluate(self, arrays: dict[str, NDArray[Any]], first_seed: int) -> Outcomes:
        """Deterministic episodes on seeds that training never sees."""
        seeds = range(first_seed, first_seed + self.config.num_eval_episodes)
        return run_episodes(self.pool, actor_from_arrays(arrays).act, list(seeds))

    def _consider(self) -> float:
        """Evaluate the current policy; keep it if best; stop if a second, fresh set agrees."""
        arrays = teacher_arrays(self.net, self.normaliser)
        outcomes = self.evaluate(arrays, SELECTION_SEED)
        success = float(outcomes.success.mean())
        score = success + 1e-3 * float(outcomes.returns.mean())
        if score > self.best_score:
            self.best_score, self.best = score, arrays
        if success >= self.config.success_threshold:
            again = self.evaluate(arrays, SELECTION_SEED + self.config.num_eval_episodes)
            self.reached = bool(again.success.mean() >= self.config.success_threshold)
            if self.reached:
                self.best = arrays
        return success

    def _record(self, figures: dict[str, float]) -> None:
        figures["env_steps"] = float(self.env_steps)
        for name, value in figures.items():
            self.curve.setdefault(name, []).append(value)
        shown = ("train_success", "eval_success", "train_reward", "steps_per_s", "env_steps")
        fraction = 1.0 if self.reached else self.env_steps / self.config.num_env_steps
        latest = {k: figures[k] for k in shown if not np.isnan(figures[k])}
        self.out.progress(min(fraction, 1.0), latest)
        if np.isnan(figures["eval_success"]):
            return
        record = {
            "best_score": self.best_score,
            "env_steps": self.env_steps,
            "reached": self.reached,
            "iteration": self.iteration,
            "curve": {k: [None if np.isnan(x) else x for x in v] for k, v in self.curve.items()},
        }
        save_checkpoint(
            self.checkpoint, self.net, self.optimiser, self.normaliser, record, self.best
        )
