"""Replay robot rollouts in simulation, held to what was tracked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.calibrate.place.locate import LocatedObject
from xsim_core.files.windows import empty, let_go
from xsim_core.sim.episode.state import ENV_STATE_DIM, EnvState
from xsim_core.sim.vision.image_pool import ImageEnvPool, ImageObs
from xsim_core.world import RobotEpisodes


@dataclass(frozen=True)
class Replay:
    """What the simulator did, row by row with the recording."""

    rgb: NDArray[np.uint8]
    """(n, h, w, 3)."""
    env_states: NDArray[np.float32]
    """(n, 16) what physics led to when the row was observed, before it was set to what was
    tracked."""
    tcp: NDArray[np.float64]
    """(n, 3) gripper, world, likewise."""

    @property
    def T_world_object(self) -> NDArray[np.float64]:
        """(n, 4, 4)."""
        return EnvState.unpack(self.env_states).T_world_object


def replay_rollouts(
    pool: ImageEnvPool,
    episodes: RobotEpisodes,
    located: Sequence[LocatedObject],
    *,
    stride: int,
    resync_score: float | None,
    feedback: float = 0.7,
) -> Replay:
    """Replay the recorded actions of all episodes from the object's tracked start.

    Actions alone drift apart when the robot answers later or weaker than the simulator, and the
    drift, not the object, would then decide which frames match. So each action is corrected by the
    gap between the measured and the simulated TCP. What stays different is what contact does; that
    grows from step to step, unless the replay is set to the measured joints and the tracked object
    again in every tracked row, of which the picture is then taken. Physics still predicts each
    tracked row from the one before, and ``Replay`` holds that prediction: where it disagrees with
    the tracker, one of the two is wrong.

    Args:
        pool: the simulator without randomisation, one environment for each episode.
        episodes: recorded on the robot.
        located: the object in every ``stride``-th row of each episode.
        stride: control steps between tracked rows.
        resync_score: set the object to poses of at least this score; None never does.
        feedback: share of the gap that is corrected in one step.
    """
    rows = [np.arange(len(episodes.state))[episodes.episode(i)] for i in range(len(episodes))]
    starts = np.stack([found.T_world_object[0] for found in located])
    obs = _place(pool, episodes, np.array([r[0] for r in rows]), starts)
    n = len(episodes.state)
    rgb = empty((n, *obs.rgb.shape[1:]), np.uint8)
    env_states, tcp = np.zeros((n, ENV_STATE_DIM), np.float32), np.zeros((n, 3))
    for step in range(max(len(r) for r in rows)):
        here = np.array([r[min(step, len(r) - 1)] for r in rows])
        seen = np.array([step < len(r) for r in rows])
        env_states[here[seen]] = pool.env_states()[seen]
        tcp[here[seen]] = obs.state[seen, :3]
        if resync_score is not None and step > 0 and step % stride == 0:
            poses = _tracked(pool, located, step // stride, resync_score)
            obs = _place(pool, episodes, here, poses)
        rgb[here[seen]] = obs.rgb[seen]
        let_go(rgb)
        gap = (episodes.state[here, :3] - obs.state[:, :3]) * feedback
        command = episodes.action[here].astype(np.float64)
        command[:, :3] += gap / pool.task.action_position_m
        obs = pool.step(np.clip(command, -1, 1), active=seen).obs
    return Replay(rgb, env_states, tcp)


def _place(
    pool: ImageEnvPool,
    episodes: RobotEpisodes,
    rows: NDArray[np.int64],
    T_world_object: NDArray[np.floating],
) -> ImageObs:
    """Set the arms to the joints measured in ``rows`` (e,), and the objects to (e, 4, 4)."""
    qpos = episodes.joints[rows].astype(np.float64)
    return pool.reset([0] * len(rows), T_world_object=T_world_object, qpos=qpos)


def _tracked(
    pool: ImageEnvPool, located: Sequence[LocatedObject], k: int, min_score: float
) -> NDArray[np.float64]:
    """The ``k``-th tracked pose of each episode; the simulated one where that is not trusted."""
    poses = EnvState.unpack(pool.env_states()).T_world_object
    for i, found in enumerate(located):
        if k < len(found.score) and found.score[k] >= min_score:
            poses[i] = found.T_world_object[k]
    return poses
