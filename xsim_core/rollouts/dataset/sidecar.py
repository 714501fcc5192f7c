"""What ``meta/xsim.json`` says beside a dataset: its cameras, its task, and who acted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.importers.lerobot.layout import MAX_META_BYTES

NAME = "meta/xsim.json"
MEND = (
    f'Write {NAME} beside its info.json: {{"camera": {{"K": 3x3 in pixels, "T_world_cam": 4x4 in '
    "metres, the robot's base and OpenCV's axes}}."
)


@dataclass(frozen=True)
class Sidecar:
    """What is told; None or empty where it is not."""

    K: NDArray[np.float64] | None
    """(3, 3) of the camera's pictures."""
    K_wide: NDArray[np.float64] | None
    """(3, 3) of the larger ones, where there are two."""
    T_world_cam: NDArray[np.float64] | None
    """(4, 4), as calibrated."""
    task: str
    policy: str

    @staticmethod
    def read(folder: Path) -> "Sidecar":
        """What is there.

        Raises:
            BadInputError: where it is there and cannot be understood, or tells of several places.
        """
        path = folder / NAME
        if not path.is_file():
            return Sidecar(None, None, None, "", "")
        try:
            if path.stat().st_size > MAX_META_BYTES:
                raise ValueError("it is too large")
            said = json.loads(path.read_bytes())
            camera, wide = said.get("camera"), said.get("wide")
            return Sidecar(
                K=_matrix(camera, "K", 3),
                K_wide=_matrix(wide, "K", 3),
                T_world_cam=_place(camera, path),
                task=str(said.get("task", "")),
                policy=str(said.get("policy", "")),
            )
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise BadInputError(f"{path} cannot be understood ({error}). {MEND}") from error


def _matrix(said: Any, name: str, size: int) -> NDArray[np.float64] | None:
    if said is None:
        return None
    values = np.array(said.get(name), np.float64).reshape(size, size)
    if not np.isfinite(values).all():
        raise ValueError(f"its {name} is no matrix of numbers")
    return values


def _place(camera: Any, path: Path) -> NDArray[np.float64] | None:
    """The one place in which the camera stood, told once or for each episode."""
    if camera is None:
        return None
    places = np.array(camera.get("T_world_cam"), np.float64).reshape(-1, 4, 4)
    if not len(places) or not np.isfinite(places).all():
        raise ValueError("its T_world_cam is no matrix of numbers")
    if not np.allclose(places, places[0]):
        raise BadInputError(
            f"{path} tells of a camera that stood elsewhere in each episode; a robot's rollouts "
            "are of one. Take those of each place in by themselves."
        )
    return places[0]
