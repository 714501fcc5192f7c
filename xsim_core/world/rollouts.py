"""What a robot recorded, as an artifact: written by whoever let it act, read by ``calibrate``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import RealRollouts
from xsim_core.geometry import PinholeCamera
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .robot import RobotEpisodes

_PICTURES = {
    "rgb": "observation.images.front",
    "wide_rgb": "observation.images.wide",
    "wide_depth_mm": "observation.depth_mm",
}
_NUMBERS = {
    "state": "observation.state",
    "qpos": "observation.qpos",
    "action": "action",
    "episode_ends": "episode_ends",
    "T_world_cam": "T_world_cam",
    "time_s": "time_s",
}


def write_rollouts(
    out: ArtifactWriter,
    episodes: RobotEpisodes,
    *,
    task: str,
    seeds: Sequence[int] | None,
    outcome: NDArray[np.int8] | None = None,
    notes: Sequence[str] = (),
) -> RealRollouts:
    """Write the payload; answers the summary.

    Args:
        out: the attempt.
        episodes: e of them; ``wide_rgb`` must be there.
        task: its name.
        seeds: e, of the starts; None where nobody said.
        outcome: (e,) 1, 0 or -1 (unknown) as somebody at the robot saw it; None where nobody may
            know.
        notes: what was dropped or mended.
    """
    for field, name in (_PICTURES | _NUMBERS).items():
        if (values := getattr(episodes, field)) is not None:
            out.write(name, values)
    out.write("K", episodes.camera.K)
    out.write("K_wide", episodes.rgbd_camera.K)
    if seeds is not None:
        out.write("seeds", np.array(list(seeds), np.int64))
    if outcome is not None:
        out.write("outcome", np.asarray(outcome, np.int8))
    return RealRollouts(
        task=task, num_episodes=len(episodes), num_steps=len(episodes.state), notes=tuple(notes)
    )


def read_rollouts(rollouts: OpenArtifact[RealRollouts]) -> RobotEpisodes:
    """The recording; pictures are maps of files. Who succeeded is left out: it is no input."""
    pictures: dict[str, Any] = {
        field: rollouts.frames(name)
        for field, name in _PICTURES.items()
        if name in rollouts.array_names
    }
    numbers: dict[str, Any] = {
        field: rollouts.array(name)
        for field, name in _NUMBERS.items()
        if name in rollouts.array_names
    }
    (_, h, w, _), (_, wide_h, wide_w, _) = (pictures[f].shape for f in ("rgb", "wide_rgb"))
    arrays: dict[str, Any] = {"wide_depth_mm": None, "qpos": None, **pictures, **numbers}
    return RobotEpisodes(
        **arrays,
        camera=PinholeCamera(w, h, rollouts.array("K")),
        rgbd_camera=PinholeCamera(wide_w, wide_h, rollouts.array("K_wide")),
    )
