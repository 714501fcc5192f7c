"""What the teacher would do where the robot has been: labels for real images that nobody gave.

In a rollout that was tracked, the simulated state of each kept frame is known: joints were measured
and the object was tracked. A teacher that acts on state can be asked there, in simulation, what it
would do, and its answer is the right label of the *real* image: DAgger (Ross et al. 2011) on the
robot's own mistakes, without a person or an action of the robot as the label. The rollout is
followed in simulation with the robot's commands, so that the arm moves and the command is ahead of
it as they were when the image was taken.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsim_core.calibrate.place.locate import LocatedObject
from xsim_core.sim.env import SimEnv
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.asking import Ask, asked
from xsim_core.world import RobotEpisodes

FEEDBACK = 0.7
"""Share of the gap between measured and simulated gripper that is corrected in a step."""

Chunks = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Actions (n, T, a), and which of them are real: (n, T) of 0 and 1."""


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
            qpos = episodes.joints[row].astype(np.float64)
            if step == 0:
                env.reset(0, T_world_object=found.T_world_object[0], qpos=qpos)
            elif is_tracked:
                env.correct(qpos, pose)
            if is_tracked:
                chunk, mask = asked(env, ask)
                chunks.append(chunk)
                masks.append(mask)
            gap = (episodes.state[row, :3] - env.proprio()[:3]) * FEEDBACK
            command = episodes.action[row].astype(np.float64)
            command[:3] += gap / env.task.action_position_m
            env.step(np.clip(command, -1, 1))
    return np.stack(chunks), np.stack(masks)
