"""Recordings of ``xsim robot run`` come from another machine: read in a process with limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.limited import Limits, read_in_child
from xsim_core.geometry import PinholeCamera
from xsim_core.world import RobotEpisodes

from .read import Fits

UNPACKED = 20
"""Bytes of pictures for each of a recording's; a camera's PNGs hold two to four."""
READ = "xsim_core.rollouts.recordings:read_recordings"
_NUMBERS = ("state", "action", "qpos", "episode_ends", "T_world_cam", "time_s")


@dataclass(frozen=True)
class Read:
    """Recordings as they were read."""

    episodes: RobotEpisodes
    """Pictures are maps of files in the folder that was given."""
    seeds: tuple[int, ...]
    outcome: NDArray[np.int8]
    """(e,) 1, 0 or -1 (unknown)."""
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
        options = {
            "count": len(sources), "policy": policy, "task": fits.task.model_dump(mode="json"),
            "T_world_cam": fits.T_world_cam.tolist(), "K": view.K.tolist(),
            "image_hw": [view.height, view.width],
        }  # fmt: skip
        files = {str(i): path for i, path in enumerate(sources)}
        more = {"read": READ, "options": options}
        arrays, said = read_in_child("many", place, files, limits or _limits(sources), more)
        _, height, width, _ = arrays["wide_rgb"].shape
        numbers = {name: np.array(arrays[name]) for name in _NUMBERS}
        episodes = RobotEpisodes(
            rgb=arrays["rgb"],
            wide_rgb=arrays["wide_rgb"],
            wide_depth_mm=arrays.get("wide_depth_mm"),
            camera=view,
            rgbd_camera=PinholeCamera(width, height, np.array(arrays["K"])),
            **numbers,
        )
        return Read(episodes, tuple(said["seeds"]), np.array(arrays["outcome"]), (*said["notes"],))


def _limits(sources: Sequence[Path]) -> Limits:
    here, size = Limits.of_this_machine(), sum(path.stat().st_size for path in sources)
    return Limits(here.memory_bytes, max(here.file_bytes, UNPACKED * size))
