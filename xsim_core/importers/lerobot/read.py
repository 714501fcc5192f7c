"""A LeRobot dataset as arrays; runs in the readers' process, within its limits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.importers.config import Picks

from .choose import choose, names_of, told
from .layout import MAX_META_BYTES, Layout, read_layout
from .pictures import read_pictures
from .rows import Rows, read_rows

Arrays = dict[str, NDArray[Any]]


def read_lerobot(folder: Path, options: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Pictures, states, actions and where episodes end, with what is to be known of them.

    Args:
        folder: holds ``meta/info.json``.
        options: the ``Picks``, as plain values.

    Returns:
        Arrays by the names of ``EpisodeDataset``; and plain values: ``fps``, ``robot``,
        ``state_names``, ``action_names``, ``instructions``, ``notes``.

    Raises:
        BadInputError: for everything that does not fit.
    """
    picks = Picks.model_validate(options)
    layout = read_layout(folder)
    chosen = choose(layout, picks)
    notes = told(layout, chosen)
    rows = read_rows(layout, chosen, picks)
    rgb, given_hw = read_pictures(layout, chosen, rows, picks.image_hw, notes)
    arrays: Arrays = {
        "observation.images.front": rgb,
        "observation.state": rows.state,
        "action": rows.action,
        "episode_ends": rows.episode_ends,
    }
    if rgb.shape[1:3] == given_hw:
        arrays |= _camera(layout, rows, chosen.camera.name)
    left = len(layout.lengths) - len(rows.episode_ends)
    if left:
        notes.append(f"{left} of {len(layout.lengths)} episodes are of other instructions")
    said = {
        "fps": layout.fps,
        "robot": layout.robot,
        "state_names": names_of(chosen.state),
        "action_names": names_of(chosen.action),
        "instructions": rows.instructions,
        "notes": notes,
    }
    return arrays, said


def _camera(layout: Layout, rows: Rows, camera: str) -> Arrays:
    """Where the camera was, in datasets that X-Sim wrote; nothing in others."""
    path = layout.folder / "meta/xsim.json"
    if camera != "observation.images.front" or not path.is_file():
        return {}
    try:
        if path.stat().st_size > MAX_META_BYTES:
            return {}
        told = json.loads(path.read_bytes())["camera"]
        K = np.array(told["K"], np.float32).reshape(3, 3)
        T = np.array(told["T_world_cam"], np.float32).reshape(len(layout.lengths), 4, 4)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    places = {index: i for i, index in enumerate(sorted(layout.lengths))}
    taken = [places[int(rows.episode[end - 1])] for end in rows.episode_ends.tolist()]
    if not (np.isfinite(K).all() and np.isfinite(T).all()):
        return {}
    return {"K": K, "T_world_cam": T[taken]}
