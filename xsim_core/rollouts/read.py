"""A recording read and held against what it is to be used for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.recording import Rollout, picture_wh, read_rollout
from xsim_core.robots.session import ROBOT
from xsim_core.robots.sight import check_place
from xsim_core.sim.task import TaskSpec

_WORDS = {"policy": str, "task": str, "robot": str, "seed": int, "action_names": list}
MAX_SEED = 1 << 63
_PICTURES = ("observation.images.front.png", "observation.depth_mm.png")


@dataclass(frozen=True)
class Fits:
    """What recordings are taken in for."""

    task: TaskSpec
    T_world_cam: NDArray[np.float64]
    """(4, 4) from where the policy looks."""


@dataclass(frozen=True)
class Setting:
    """What all recordings of one artifact share."""

    camera: PinholeCamera
    T_world_cam: NDArray[np.float64]
    """(4, 4) as calibrated."""

    def check_same(self, other: "Setting", path: Path) -> None:
        """Refuse a recording of another camera than the first one's.

        Raises:
            BadInputError: when they differ.
        """
        a, b = self.camera, other.camera
        same = (a.width, a.height) == (b.width, b.height) and np.allclose(a.K, b.K)
        if not (same and np.allclose(self.T_world_cam, other.T_world_cam)):
            raise BadInputError(
                f"{path} was recorded with another camera, or after it was calibrated anew, than "
                "the recordings before it. Take those of each camera in by themselves."
            )


def read_fitting(path: Path, fits: Fits) -> tuple[Rollout, Setting]:
    """A recording of this task, by this robot, through a camera where the policy looks from.

    Raises:
        BadInputError: when it is none, or of another.
    """
    rollout = read_rollout(path)
    header = rollout.header
    for name, kind in _WORDS.items():
        if not isinstance(header.get(name), kind):
            raise BadInputError(f"{path}: its header says no '{name}'. It cannot be taken in.")
    if not -MAX_SEED <= header["seed"] < MAX_SEED:
        raise BadInputError(f"{path}: its header's seed {header['seed']} is none of 64 bits.")
    if header["task"] != fits.task.name:
        raise BadInputError(
            f"{path} is of task '{header['task']}', not '{fits.task.name}'. Name a policy or a run "
            "of its own task."
        )
    if header["robot"] != ROBOT:
        raise BadInputError(
            f"{path} is of a {header['robot']}; policies here are trained for a {ROBOT}, whose "
            "joints are replayed."
        )
    if tuple(header["action_names"]) != fits.task.action_names:
        raise BadInputError(
            f"{path}: its actions are {', '.join(map(str, header['action_names']))}, those of the "
            f"task {', '.join(fits.task.action_names)}. Name a run whose task has the same."
        )
    setting = _setting(header, path)
    try:
        check_place(setting.T_world_cam, fits.T_world_cam)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from error
    _check_sizes(rollout, setting.camera, path)
    return rollout, setting


def _setting(header: dict[str, Any], path: Path) -> Setting:
    try:
        height, width = (int(size) for size in header["image_hw"])
        K = np.array(header["K"], np.float64).reshape(3, 3)
        T = np.array(header["T_world_cam"], np.float64).reshape(4, 4)
    except (KeyError, TypeError, ValueError, OverflowError):
        K, T, height, width = np.full((3, 3), np.nan), np.eye(4), 0, 0
    if not (np.isfinite(K).all() and np.isfinite(T).all() and min(height, width) > 0):
        raise BadInputError(f"{path}: its header describes no camera. It cannot be taken in.")
    return Setting(PinholeCamera(width, height, K), T)


def _check_sizes(rollout: Rollout, camera: PinholeCamera, path: Path) -> None:
    """Before any picture is unpacked: a few bytes may claim a gigabyte."""
    for i, step in enumerate(rollout.steps):
        for name in _PICTURES:
            png = step.get(name)
            if png is not None and picture_wh(png) != (camera.width, camera.height):
                raise BadInputError(
                    f"{path}: '{name}' of step {i} is not the {camera.width}x{camera.height} PNG "
                    "that its header speaks of."
                )
