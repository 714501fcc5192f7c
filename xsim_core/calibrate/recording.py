"""Recordings of a robot, kept in scratch so that no rollout is run twice.

A recording is a folder: a file for each kind of picture, which is mapped when it is read, and one
for all numbers, which holds the pictures' checksums too.
"""

import logging
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera
from xsim_core.scratch import drafted, read_arrays, write_arrays
from xsim_core.windows import arrays_below, save, windows
from xsim_core.world import RobotEpisodes

log = logging.getLogger(__name__)

_PICTURES = ("rgb", "wide_rgb", "wide_depth_mm")
_NUMBERS = ("state", "action", "qpos", "episode_ends", "T_world_cam")
_CAMERAS = ("camera", "rgbd_camera")


def kept_episodes(folder: Path, record: Callable[[], RobotEpisodes]) -> RobotEpisodes:
    """The recording in ``folder``; what ``record`` answers where there is none, or no whole one.

    Pictures are files, those that are being recorded too; none of them is held.
    """
    if (kept := load_episodes(folder)) is not None:
        return kept
    shutil.rmtree(folder, ignore_errors=True)
    with drafted(folder) as draft:
        draft.mkdir()
        with arrays_below(draft):
            _save(record(), draft)
    return _load(folder)


def load_episodes(folder: Path) -> RobotEpisodes | None:
    """What ``kept_episodes`` kept, or None where there is nothing, or nothing whole."""
    if not folder.exists():
        return None
    try:
        return _load(folder)
    except (FileNotFoundError, ValueError, EOFError) as error:
        log.warning("%s is damaged (%s) and is made again", folder, error)
        return None


def _save(episodes: RobotEpisodes, folder: Path) -> None:
    arrays = {name: getattr(episodes, name) for name in _NUMBERS}
    for name in _CAMERAS:
        camera: PinholeCamera = getattr(episodes, name)
        arrays |= {f"{name}.K": camera.K, f"{name}.wh": np.array([camera.width, camera.height])}
    for name in _PICTURES:
        if (images := getattr(episodes, name)) is not None:
            arrays[f"{name}.crc32"] = np.array(_crc32(images))
            save(folder / f"{name}.npy", images)
    write_arrays(folder / "numbers.npz", arrays)


def _load(folder: Path) -> RobotEpisodes:
    """Raises FileNotFoundError, ValueError or EOFError for what is not whole."""
    if (arrays := read_arrays(folder / "numbers.npz")) is None:
        raise ValueError("its numbers")
    pictures = {name: _pictures(folder / f"{name}.npy", arrays) for name in _PICTURES}
    cameras = {name: _camera(arrays, name) for name in _CAMERAS}
    return RobotEpisodes(**{n: arrays[n] for n in _NUMBERS}, **pictures, **cameras)  # type: ignore[arg-type]


def _pictures(path: Path, arrays: dict[str, NDArray[Any]]) -> NDArray[Any] | None:
    """A read-only map of the file; None where no such pictures were recorded."""
    if (crc32 := arrays.get(f"{path.stem}.crc32")) is None:
        return None
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    if _crc32(images) != crc32:
        raise ValueError(f"the checksum of {path.name}")
    return images


def _crc32(images: NDArray[Any]) -> int:
    crc = 0
    for part in windows(images):
        crc = zlib.crc32(np.ascontiguousarray(images[part]).data, crc)
    return crc


def _camera(arrays: dict[str, NDArray[Any]], name: str) -> PinholeCamera:
    width, height = (int(size) for size in arrays[f"{name}.wh"])
    return PinholeCamera(width, height, arrays[f"{name}.K"])
