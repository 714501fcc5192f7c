"""What a teacher that acts on state would do from here: labels for pictures that nobody gave.

DAgger (Ross et al. 2011): a student is taught at the states that it gets to itself. Its labels are
chunks of actions, so the teacher is followed for as long as a chunk lasts, in simulation.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.sim.env import SimEnv

STEPS_AFTER_SUCCESS = 2
"""As long as the dataset goes on, so the student learns nothing else there."""

Chunk = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Actions (T, a), and which of them are real: (T,) of 0 and 1."""


class PrivilegedActor(Protocol):
    """A policy on the simulator's state, such as ``policies.teacher.TeacherActor``."""

    def act(self, obs: NDArray[np.floating]) -> NDArray[np.float32]:
        """Actions (..., a) for privileged observations (..., o)."""
        ...


class Ask(NamedTuple):
    """Whom to ask, and for how much."""

    teacher: PrivilegedActor
    horizon: int
    """T, actions a label."""


def asked(env: SimEnv, ask: Ask) -> Chunk:
    """The teacher's next actions from this moment on, which is restored."""
    moment = env.moment()
    chunk = _followed(env, env, ask)
    env.resume(moment)
    return chunk


def asked_beside(env: SimEnv, spare: SimEnv, ask: Ask) -> Chunk:
    """The same in a second environment of the same task and physics: the first one is untouched.

    PhysX keeps contacts from step to step, which a restored moment has not: an episode in which
    somebody was asked this way goes on to the bit as one in which nobody was.
    """
    spare.resume(env.moment())
    return _followed(env, spare, ask)


def _followed(env: SimEnv, there: SimEnv, ask: Ask) -> Chunk:
    """What the teacher does in ``there``, which stands where ``env`` does; it is left elsewhere."""
    obs = env.observation
    actions = np.zeros((ask.horizon, env.action_dim), np.float32)
    mask = np.ones(ask.horizon, np.float32)
    since_success = 0 if env.is_success else -1
    for t in range(ask.horizon):
        if since_success >= STEPS_AFTER_SUCCESS:
            mask[t:] = 0
            break
        actions[t] = ask.teacher.act(obs)
        step = there.step(actions[t])
        obs = step.obs
        since_success = since_success + 1 if since_success >= 0 or step.success else -1
    return actions, mask
