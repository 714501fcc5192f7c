"""A gymnasium environment of a few lines, whose every number a test can work out."""

import gymnasium
import numpy as np


class Reach(gymnasium.Env):
    """A point on a line goes to the right; past 1.5 the episode is over, past 1 it is a success."""

    observation_space = gymnasium.spaces.Box(-9.0, 9.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,), np.float32)

    def __init__(self, tells=True):
        self.tells, self.x, self.steps = tells, 0.0, 0

    def _obs(self):
        return np.array([self.x, self.steps], np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.steps = float(self.np_random.uniform(-1, 1)), 0
        return self._obs(), {}

    def step(self, action):
        self.x += 0.2 * float(action[0])
        self.steps += 1
        info = {"is_success": self.x > 1.0} if self.tells else {}
        return self._obs(), -abs(self.x - 1.2), self.x > 1.5, False, info


def limited(limit=7, **options):
    """With a time limit."""
    return gymnasium.wrappers.TimeLimit(Reach(**options), limit)
