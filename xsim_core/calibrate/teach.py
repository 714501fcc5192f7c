"""What the teacher would do where the robot has been: labels for real images that nobody gave.

In a rollout that was tracked, the simulated state of each kept frame is known: joints were measured
and the object was tracked. A teacher that acts on state can be asked there, in simulation, what it
would do, and its answer is the right label of the *real* image: DAgger (Ross et al. 2011) on the
robot's own mistakes, without a person or an action of the robot as the label. The rollout is
followed in simulation with the robot's commands, so that the arm moves and the command is ahead of
it as they were when the image was taken.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.policies.teacher import TeacherActor
from xsim_core.sim.env import SimEnv
from xsim_core.sim.open import OpenSimWorld
from xsim_core.world import RobotEpisodes

from .locate import LocatedObject

STEPS_AFTER_SUCCESS = 2
"""As long as the dataset goes on, so the student learns nothing else there."""
FEEDBACK = 0.7
"""Share of the gap between measured and simulated gripper that is corrected in a step."""

Chunks = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Actions (n, T, a), and which of them are real: (n, T) of 0 and 1."""


class Ask(NamedTuple):
    """Whom to ask, and for how much."""

    teacher: TeacherActor
    horizon: int
    """T, actions a label."""


def taught_chunks(
    sim: OpenSimWorld,
    ask: Ask,
    episodes: RobotEpisodes,
    located: Sequence[LocatedObject],
    *,
    stride: int,
    min_score: float,
) -> Chunks:
    """The teacher's next actions in every tracked row of every episode, in order.

    Args:
        sim: the simulator's world.
        ask: whom, and for how much.
        episodes: recorded on the robot.
        located: the object in every ``stride``-th row of each episode.
        stride: control steps between tracked rows.
        min_score: poses of a lower score are not believed; physics goes on there.
    """
    env = SimEnv(sim.assets, sim.task)
    chunks: list[NDArray[np.float32]] = []
    masks: list[NDArray[np.float32]] = []
    for i, found in enumerate(located):
        rows = episodes.episode(i)
        for step, row in enumerate(range(rows.start, rows.stop)):
            k, is_tracked = step // stride, step % stride == 0
            pose = found.T_world_object[k] if is_tracked and found.score[k] >= min_score else None
            qpos = episodes.qpos[row].astype(np.float64)
            if step == 0:
                env.reset(0, T_world_object=found.T_world_object[0], qpos=qpos)
            elif is_tracked:
                env.correct(qpos, pose)
            if is_tracked:
                chunk, mask = asked(env, *ask)
                chunks.append(chunk)
                masks.append(mask)
            gap = (episodes.state[row, :3] - env.proprio()[:3]) * FEEDBACK
            command = episodes.action[row].astype(np.float64)
            command[:3] += gap / env.task.action_position_m
            env.step(np.clip(command, -1, 1))
    return np.stack(chunks), np.stack(masks)


def asked(
    env: SimEnv, teacher: TeacherActor, horizon: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The teacher's actions (T, a) from this moment on, which is restored, and their mask (T,)."""
    moment, obs = env.moment(), env.observation
    actions = np.zeros((horizon, env.action_dim), np.float32)
    mask = np.ones(horizon, np.float32)
    since_success = 0 if env.is_success else -1
    for t in range(horizon):
        if since_success >= STEPS_AFTER_SUCCESS:
            mask[t:] = 0
            break
        actions[t] = teacher.act(obs)
        step = env.step(actions[t])
        obs = step.obs
        since_success = since_success + 1 if since_success >= 0 or step.success else -1
    env.resume(moment)
    return actions, mask
