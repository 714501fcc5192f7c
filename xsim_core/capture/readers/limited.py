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
from xsim_core.errors import BadInputError, XSimError

from .child import DOING_FILE, RESULT_FILE

GIB = 1 << 30
TAIL_CHARS = 300
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""OpenBLAS takes memory for each of its threads when it is loaded, and was seen to wait for ever
where it gets none (128 MB, two threads); no parser needs them."""


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


def read_in_child(
    what: str,
    place: Path,
    files: dict[str, Path],
    limits: Limits | None,
    more: dict[str, Any] | None = None,
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays by name, mapped from ``place``, and what else the readers said.

    Args:
        what: which of the child's readings.
        place: an empty folder for the arrays.
        files: by the name that the reading gives them.
        limits: of memory, time and file size; of this machine by default.
        more: what else the reading takes.

    Raises:
        BadInputError: as the readers do; and when reading crashes, hangs or takes too much.
        MissingDependencyError: as the readers do.
    """
    ended = _run(what, place, files, limits or Limits.of_this_machine(), more or {})
    result_file = place / RESULT_FILE
    if not result_file.is_file():
        raise BadInputError(f"{_doing(place)} cannot be read: {_how(ended)}. Export it again.")
    result = json.loads(result_file.read_bytes())
    if failure := result.get("error"):
        raise failure_of(failure)
    arrays = {
        name: np.load(place / f"{i}.npy", mmap_mode="r") for i, name in enumerate(result["arrays"])
    }
    return arrays, result


def failure_of(told: dict[str, str]) -> XSimError:
    """What the child raised, as it told it."""
    kind: type[XSimError] = getattr(errors, told["kind"], BadInputError)
    return kind(told["message"])


def _run(
    what: str, place: Path, files: dict[str, Path], limits: Limits, more: dict[str, Any]
) -> subprocess.CompletedProcess[bytes]:
    time_s = limits.time_s + limits.time_s_per_mb * _size_mb(*files.values())
    request = {
        "what": what,
        "out": str(place),
        **{name: str(path) for name, path in files.items()},
        **more,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "cpu_s": int(time_s * (os.cpu_count() or 1)) + 1,
    }
    command = [sys.executable, "-P", "-m", "xsim_core.capture.readers.child"]
    try:
        return subprocess.run(
            command,
            env={**os.environ, **ONE_THREAD},
            input=json.dumps(request).encode(),  # A word of the command holds 128 kB at most.
            capture_output=True,
            timeout=time_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInputError(
            f"{_doing(place)} could not be read in {time_s:.0f} s: it is damaged, or far too large"
        ) from error


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
