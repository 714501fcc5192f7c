"""Replay robot rollouts in simulation from the tracked start of the object."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import se3_from_pos_quat
from xsim_core.sim.image_pool import ImageEnvPool
from xsim_core.world import RobotEpisodes


@dataclass(frozen=True)
class Replay:
    """What the simulator did, row by row with the recording."""

    rgb: NDArray[np.uint8]
    """(n, h, w, 3)."""
    env_states: NDArray[np.float32]
    """(n, 16) when the row was observed."""
    tcp: NDArray[np.float64]
    """(n, 3) gripper, world."""

    @property
    def T_world_object(self) -> NDArray[np.float64]:
        """(n, 4, 4)."""
        return se3_from_pos_quat(self.env_states[:, 9:12], self.env_states[:, 12:16])


def replay_rollouts(
    pool: ImageEnvPool,
    episodes: RobotEpisodes,
    T_world_object: NDArray[np.floating],
    *,
    feedback: float = 0.7,
) -> Replay:
    """Replay the recorded actions of all episodes; the measured gripper closes the loop.

    Actions alone drift apart when the robot answers later or weaker than the simulator, and the
    drift, not the object, would then decide which frames match. So each action is corrected by the
    gap between the measured and the simulated TCP. What stays different is what contact does.

    Args:
        pool: the simulator without randomisation, one environment for each episode.
        episodes: recorded on the robot.
        T_world_object: (e, 4, 4) object in the first frame of each episode, as tracked.
        feedback: share of the gap that is corrected in one step.
    """
    count = len(episodes)
    rows = [np.arange(len(episodes.state))[episodes.episode(i)] for i in range(count)]
    first = [r[0] for r in rows]
    obs = pool.reset(
        [0] * count, T_world_object=T_world_object, qpos=episodes.qpos[first].astype(np.float64)
    )
    n = len(episodes.state)
    rgb = np.zeros((n, *obs.rgb.shape[1:]), np.uint8)
    env_states, tcp = np.zeros((n, 16), np.float32), np.zeros((n, 3))
    for step in range(max(len(r) for r in rows)):
        here = np.array([r[min(step, len(r) - 1)] for r in rows])
        seen = np.array([step < len(r) for r in rows])
        rgb[here[seen]] = obs.rgb[seen]
        env_states[here[seen]] = pool.env_states()[seen]
        tcp[here[seen]] = obs.state[seen, :3]
        gap = (episodes.state[here, :3] - obs.state[:, :3]) * feedback
        command = episodes.action[here].astype(np.float64)
        command[:, :3] += gap / pool.task.action_position_m
        obs = pool.step(np.clip(command, -1, 1), active=seen).obs
    return Replay(rgb, env_states, tcp)
