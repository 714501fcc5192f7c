"""Foreign files are read in a process of their own; a crash or bomb there is a sentence here."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from xsim_core import errors
from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh

from .child import DOING_FILE, RESULT_FILE
from .depth_unit import DepthUnit

GIB = 1 << 30
TAIL_CHARS = 300


@dataclass(frozen=True)
class Limits:
    """What reading one capture may take."""

    memory_bytes: int
    file_bytes: int = 10 * GIB
    """The largest array that is handed over."""
    time_s: float = 300.0
    time_s_per_mb: float = 1.0

    @staticmethod
    def of_this_machine() -> "Limits":
        """All of its memory, and 8 GiB in any case: libraries reserve more than they use."""
        return Limits(memory_bytes=max(8 * GIB, psutil.virtual_memory().total))


@dataclass(frozen=True)
class Brought:
    """What a person's files hold. The arrays lie in files of the folder that was given."""

    mesh: TexturedMesh
    photos: NDArray[np.uint8]
    video: RGBDVideo
    unit: DepthUnit
    notes: list[str]


def read_apart(
    place: Path, *, mesh: Path, mesh_root: Path, photos: Path, video: Path,
    depth_unit_m: float | None, limits: Limits | None = None,
) -> Brought:  # fmt: skip
    """Read a capture's files in a process with limits.

    Args:
        place: an empty folder for the arrays; the answer's arrays are mapped from there.
        mesh: as ``read_mesh`` takes it.
        mesh_root: likewise.
        photos: as ``read_photos`` takes it.
        video: as ``read_video_and_unit`` takes it.
        depth_unit_m: likewise.
        limits: of memory, time and file size; of this machine by default.

    Raises:
        BadInputError: as the readers do; and when reading crashes, hangs or takes too much.
        MissingDependencyError: as the readers do.
    """
    limits = limits or Limits.of_this_machine()
    time_s = limits.time_s + limits.time_s_per_mb * _size_mb(mesh, photos, video)
    request = {
        "out": str(place), "mesh": str(mesh), "mesh_root": str(mesh_root), "photos": str(photos),
        "video": str(video), "depth_unit_m": depth_unit_m, "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes, "cpu_s": int(time_s * (os.cpu_count() or 1)) + 1,
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "xsim_core.capture.readers.child", json.dumps(request)]
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=time_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInputError(
            f"{_doing(place)} could not be read in {time_s:.0f} s: it is damaged, or far too large"
        ) from error
    result_file = place / RESULT_FILE
    if not result_file.is_file():
        raise BadInputError(f"{_doing(place)} cannot be read: {_how(ended)}. Export it again.")
    result = json.loads(result_file.read_bytes())
    if failure := result.get("error"):
        raise getattr(errors, failure["kind"], BadInputError)(failure["message"])
    return _brought(place, result)


def _brought(place: Path, result: dict[str, Any]) -> Brought:
    a = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in result["arrays"]}
    return Brought(
        TexturedMesh(a["vertices"], a["faces"], a["uv"], a["texture"], result["is_textured"]),
        a["photos"],
        RGBDVideo(a["rgb"], a["depth_mm"], a["timestamps_s"], a["K"], a.get("source_frames")),
        DepthUnit(**result["unit"]),
        result["notes"],
    )


def _doing(place: Path) -> str:
    try:
        return (place / DOING_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "the capture"


def _how(ended: subprocess.CompletedProcess[bytes]) -> str:
    """The end of a process without an answer, in words."""
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        return f"its parser was ended by {name}, as damaged files and too little memory do"
    said = ended.stderr.decode(errors="replace").strip().splitlines()
    return f"its parser failed ({said[-1][-TAIL_CHARS:] if said else ended.returncode})"


def _size_mb(*paths: Path) -> float:
    files = [p for path in paths for p in ([path] if path.is_file() else path.rglob("*"))]
    return sum(p.stat().st_size for p in files if p.is_file()) / 1e6
