"""Recordings of a robot, kept in scratch so that no rollout is run twice."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera
from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.world import RobotEpisodes

_ARRAYS = (
    "rgb", "state", "action", "qpos", "episode_ends", "T_world_cam", "wide_rgb", "wide_depth_mm"
)  # fmt: skip


def save_episodes(episodes: RobotEpisodes, path: Path) -> None:
    """Write a recording, without pickle."""
    arrays = {name: getattr(episodes, name) for name in _ARRAYS}
    for name in ("camera", "rgbd_camera"):
        camera: PinholeCamera = getattr(episodes, name)
        arrays |= {f"{name}.K": camera.K, f"{name}.wh": np.array([camera.width, camera.height])}
    write_arrays(path, {k: v for k, v in arrays.items() if v is not None})


def load_episodes(path: Path) -> RobotEpisodes | None:
    """What ``save_episodes`` wrote, or None."""
    if (arrays := read_arrays(path)) is None:
        return None
    cameras = {name: _camera(arrays, name) for name in ("camera", "rgbd_camera")}
    return RobotEpisodes(**{name: arrays.get(name) for name in _ARRAYS}, **cameras)  # type: ignore[arg-type]


def _camera(arrays: dict[str, NDArray[Any]], name: str) -> PinholeCamera:
    width, height = (int(size) for size in arrays[f"{name}.wh"])
    return PinholeCamera(width, height, arrays[f"{name}.K"])
