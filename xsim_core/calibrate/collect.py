"""Rollouts of the uncalibrated student on the robot, kept in scratch so that none is run twice."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from xsim_core.geometry import PinholeCamera
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.world import RealRobot, RobotEpisodes

_ARRAYS = (
    "rgb", "state", "action", "qpos", "episode_ends", "T_world_cam", "wide_rgb", "wide_depth_mm"
)  # fmt: skip


def collect_rollouts(
    robot: RealRobot,
    student: Student,
    seeds: Sequence[int],
    *,
    path: Path,
    progress: Callable[[float, dict[str, float]], None],
) -> RobotEpisodes:
    """Run the student once a seed, failures included, or load what an earlier try recorded.

    Args:
        robot: where.
        student: the policy.
        seeds: one an episode.
        path: where the recording is kept, ``.npz``.
        progress: called with the fraction done.
    """
    if path.exists():
        return load_episodes(path)
    episodes = robot.run(ClosedLoopStudent(student), seeds, progress=progress)
    save_episodes(episodes, path)
    return episodes


def save_episodes(episodes: RobotEpisodes, path: Path) -> None:
    """Write a recording atomically."""
    arrays = {name: getattr(episodes, name) for name in _ARRAYS}
    for name in ("camera", "rgbd_camera"):
        camera: PinholeCamera = getattr(episodes, name)
        arrays |= {f"{name}.K": camera.K, f"{name}.wh": np.array([camera.width, camera.height])}
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **{k: v for k, v in arrays.items() if v is not None})
    partial.replace(path)


def load_episodes(path: Path) -> RobotEpisodes:
    """The inverse of ``save_episodes``."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    cameras = {
        name: PinholeCamera(*(int(x) for x in arrays[f"{name}.wh"]), arrays[f"{name}.K"])
        for name in ("camera", "rgbd_camera")
    }
    return RobotEpisodes(**{name: arrays.get(name) for name in _ARRAYS}, **cameras)  # type: ignore[arg-type]
