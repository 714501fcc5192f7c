"""Recordings and datasets come from another machine: read in a process with limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.limited import Limits, read_in_child
from xsim_core.geometry import PinholeCamera
from xsim_core.world import RobotEpisodes

from .picks import RolloutPicks
from .read import Fits

UNPACKED = 20
"""Bytes of pictures for each of a recording's; a camera's PNGs hold two to four."""
READ = "xsim_core.rollouts.recordings:read_recordings"
READ_DATASET = "xsim_core.rollouts.dataset.read:read_dataset"
_NUMBERS = ("state", "action", "episode_ends", "T_world_cam")
_MAY_MISS = ("qpos", "time_s")


@dataclass(frozen=True)
class Read:
    """Recordings as they were read."""

    episodes: RobotEpisodes
    """Pictures are maps of files in the folder that was given."""
    seeds: tuple[int, ...] | None
    """e; None where nobody said."""
    outcome: NDArray[np.int8] | None
    """(e,) 1, 0 or -1 (unknown); None where nobody said."""
    notes: tuple[str, ...]

    @staticmethod
    def of(
        place: Path,
        sources: Sequence[Path],
        fits: Fits,
        view: PinholeCamera,
        *,
        policy: str,
        limits: Limits | None = None,
    ) -> "Read":
        """Read recordings in a process with limits.

        Args:
            place: an empty folder for the pictures.
            sources: recordings.
            fits: what they are taken in for.
            view: the camera whose pictures the policy sees.
            policy: for which they are taken in; others are said.
            limits: of memory, time and file size; of this machine by default.

        Raises:
            BadInputError: for what does not fit or cannot be read, and where nothing is left.
        """
        options = {"count": len(sources)} | _options(fits, view, policy)
        files = {str(i): path for i, path in enumerate(sources)}
        more = {"read": READ, "options": options}
        arrays, said = read_in_child("many", place, files, limits or _limits(sources), more)
        return _read(arrays, said, view)

    @staticmethod
    def of_dataset(
        place: Path,
        folder: Path,
        fits: Fits,
        view: PinholeCamera,
        *,
        picks: RolloutPicks,
        policy: str,
        limits: Limits | None = None,
    ) -> "Read":
        """Read a LeRobot dataset of rollouts in a process with limits; as ``of`` does.

        Raises:
            BadInputError: for what does not fit, is lacking or cannot be read.
        """
        options = {"picks": picks.model_dump(mode="json")} | _options(fits, view, policy)
        more = {"read": READ_DATASET, "options": options}
        return _read(*read_in_child("named", place, {"folder": folder}, limits, more), view)


def _options(fits: Fits, view: PinholeCamera, policy: str) -> dict[str, Any]:
    return {
        "policy": policy, "task": fits.task.model_dump(mode="json"),
        "T_world_cam": fits.T_world_cam.tolist(), "K": view.K.tolist(),
        "image_hw": [view.height, view.width],
    }  # fmt: skip


def _read(arrays: dict[str, NDArray[Any]], said: dict[str, Any], view: PinholeCamera) -> Read:
    _, height, width, _ = arrays["wide_rgb"].shape
    numbers: dict[str, Any] = {name: np.array(arrays[name]) for name in _NUMBERS}
    numbers |= {name: np.array(arrays[name]) if name in arrays else None for name in _MAY_MISS}
    episodes = RobotEpisodes(
        rgb=arrays["rgb"],
        wide_rgb=arrays["wide_rgb"],
        wide_depth_mm=arrays.get("wide_depth_mm"),
        camera=view,
        rgbd_camera=PinholeCamera(width, height, np.array(arrays["K"])),
        **numbers,
    )
    seeds, outcome = said["seeds"], arrays.get("outcome")
    return Read(
        episodes,
        None if seeds is None else tuple(seeds),
        None if outcome is None else np.array(outcome),
        tuple(said["notes"]),
    )


def _limits(sources: Sequence[Path]) -> Limits:
    here, size = Limits.of_this_machine(), sum(path.stat().st_size for path in sources)
    return Limits(here.memory_bytes, max(here.file_bytes, UNPACKED * size))
