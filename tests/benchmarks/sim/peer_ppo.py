"""One training of PPO for ``bench_ppo``, ours or Stable-Baselines3's, in a process of its own.

``SIDE TASK SEED BUDGET FOLDER``, SIDE one of ``ours``, ``sb3`` (its own defaults), ``sb3-ours``
(our settings, and its own observation normalisation). Both step the same environments in the same
worker processes, through ``xsim_core.ppo.EnvProcesses``, and are tried by the same function on the
same seeds in environments of their own. A line of JSON an evaluation: steps, CPU seconds so far of
this process and the workers (evaluations left out), share of the episodes with a success. It ends
with the budget, or when two evaluations in a row were at the goal.
"""

import contextlib
import functools
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from xsim_core.policies.teacher import actor_from_arrays
from xsim_core.ppo import EnvProcesses, PPOSettings, maniskill_env
from xsim_core.ppo.episodes import try_policy
from xsim_core.ppo.trainer import SELECTION_SEED, Evaluated, Trainer

NUM_ENVS, NUM_WORKERS, EPISODES = 16, 2, 32
NUM_STEPS = 50
EVAL_EVERY = 10  # Iterations of 16 x 50 steps.
GOAL = 0.9
HIDDEN = (128, 128)
SETTINGS = {"num_steps": NUM_STEPS, "hidden_sizes": HIDDEN, "gamma": 0.9, "gae_lambda": 0.95}


def cpu_of(pids):
    """User and system CPU seconds of other processes."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Reached(Exception):  # noqa: N818 - nothing is wrong
    """Two evaluations in a row were at the goal."""


class Meter:
    """Tells a success, and what it cost: CPU seconds of this process and these workers."""

    def __init__(self, pids, say):
        self.pids, self.say, self.apart, self.began, self.at_goal = pids, say, 0.0, 0.0, 0

    def now(self):
        return time.process_time() + cpu_of(self.pids) - self.apart

    def evaluate(self, envs, act, first_seed, steps):
        before = self.now()
        tried = try_policy(envs, act, list(range(first_seed, first_seed + EPISODES)))
        self.apart += self.now() - before
        success = float(tried.success.mean())
        self.say({"steps": steps, "cpu_s": round(before - self.began, 2), "success": success})
        self.at_goal = self.at_goal + 1 if success >= GOAL else 0
        if self.at_goal == 2:
            raise Reached
        return tried

    def begin(self):
        self.began = self.now()


def ours(train, tried, meter, seed, budget, folder):
    config = PPOSettings(
        seed=seed,
        num_env_steps=budget,
        eval_every=EVAL_EVERY,
        num_eval_episodes=EPISODES,
        success_threshold=1.0,
        **SETTINGS,
    )

    def evaluate(arrays, first_seed):
        if first_seed != SELECTION_SEED:  # A perfect one is not tried again here.
            return Evaluated(np.zeros(1), np.zeros(1))
        got = meter.evaluate(tried, actor_from_arrays(arrays).act, first_seed, trainer.env_steps)
        return Evaluated(got.success, got.returns)

    trainer = Trainer(
        train, config, folder / "checkpoint.npz", torch.device("cpu"), evaluate, lambda *_: None
    )
    meter.begin()
    trainer.run()


def stable_baselines(train, tried, meter, seed, budget, *, as_ours):
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.vec_env import VecEnv, VecNormalize

    class Pool(VecEnv):
        """SB3's interface to the same processes; it takes the value after a time limit as well."""

        def __init__(self):
            spaces = train.single_observation_space, train.single_action_space
            super().__init__(train.num_envs, *spaces)

        def reset(self):
            return train.reset()

        def step_async(self, actions):
            self.actions = actions

        def step_wait(self):
            step = train.step(self.actions)
            ended, infos = step.terminated | step.truncated, [{} for _ in range(self.num_envs)]
            for i in np.flatnonzero(ended):
                infos[i] = {
                    "terminal_observation": step.final_obs[i],
                    "TimeLimit.truncated": bool(step.truncated[i]),
                }
            return step.obs, step.rewards, ended, infos

        def close(self): ...
        def get_attr(self, name, indices=None):
            return [None] * self.num_envs

        def set_attr(self, *_): ...
        def env_method(self, *_, **__): ...
        def env_is_wrapped(self, *_):
            return [False] * self.num_envs

    envs = VecNormalize(Pool(), norm_reward=False) if as_ours else Pool()

    class Look(BaseCallback):
        """Evaluates between iterations, as often as ours, without touching the training's envs."""

        def _on_step(self):
            return True

        def _on_rollout_start(self):
            done = self.num_timesteps // (NUM_ENVS * NUM_STEPS)
            if done and done % EVAL_EVERY == 0:
                look(self.num_timesteps)

    def act(obs):
        seen = envs.normalize_obs(obs) if as_ours else obs
        return model.predict(seen, deterministic=True)[0]

    def look(steps):
        meter.evaluate(tried, act, SELECTION_SEED, steps)

    network = {"pi": list(HIDDEN), "vf": list(HIDDEN)}
    policy = {"net_arch": network, "activation_fn": torch.nn.Tanh}
    more = {}
    if as_ours:
        p = PPOSettings(**SETTINGS)
        policy |= {"log_std_init": p.log_std_init, "optimizer_kwargs": {"eps": 1e-5}}
        more = {
            "learning_rate": p.learning_rate,
            "gamma": p.gamma,
            "gae_lambda": p.gae_lambda,
            "n_epochs": p.update_epochs,
            "batch_size": NUM_ENVS * NUM_STEPS // p.num_minibatches,
            "clip_range": p.clip_coef,
            "ent_coef": p.ent_coef,
            "vf_coef": p.vf_coef,
            "max_grad_norm": p.max_grad_norm,
            "target_kl": p.target_kl,
        }
    model = PPO(
        "MlpPolicy", envs, seed=None, n_steps=NUM_STEPS, device="cpu", policy_kwargs=policy, **more
    )
    model.set_random_seed(seed)
    meter.begin()
    model.learn(budget, callback=Look())
    look(model.num_timesteps)


def main():
    side, task, (seed, budget) = sys.argv[1], sys.argv[2], map(int, sys.argv[3:5])
    folder = Path(sys.argv[5])
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    make = functools.partial(maniskill_env, task, control_mode="pd_ee_delta_pos")

    def say(line):
        print(json.dumps(line), flush=True)

    many = {"num_envs": NUM_ENVS, "num_workers": NUM_WORKERS}
    with EnvProcesses(make, **many, seed=seed) as train:
        pids = [process.pid for process in multiprocessing.active_children()]
        with EnvProcesses(make, **many) as tried, contextlib.suppress(Reached):
            meter = Meter(pids, say)
            if side == "ours":
                ours(train, tried, meter, seed, budget, folder)
            else:
                as_ours = side == "sb3-ours"
                stable_baselines(train, tried, meter, seed, budget, as_ours=as_ours)


if __name__ == "__main__":
    main()
