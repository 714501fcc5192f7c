"""Runs structure from motion in a child process and checks that its answer can be true."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import QualityGateError, XSimError


@dataclass(frozen=True)
class SfmModel:
    """Camera poses and points in SfM's own frame and scale."""

    photo_index: NDArray[np.int64]
    """(n,) photos that were registered."""
    T_cam_sfm: NDArray[np.float64]
    """(n, 4, 4)."""
    K: NDArray[np.float64]
    """(3, 3), pixel centres at integers."""
    radial: float
    """First radial distortion coefficient."""
    points_sfm: NDArray[np.float64]
    """(p, 3), seen by three photos or more."""
    points_rgb: NDArray[np.uint8]
    reprojection_error_px: float


def run_sfm(
    photos: NDArray[np.uint8],
    workdir: Path,
    *,
    settings: dict[str, Any],
    timeout_s: float,
    progress: Callable[[float], None],
) -> SfmModel:
    """Poses of photos (n, h, w, 3) RGB.

    Raises:
        QualityGateError: when no two photos could be matched.
        XSimError: when the solver crashed or ran out of time.
    """
    import cv2

    folder = workdir / "photos"
    folder.mkdir(parents=True, exist_ok=True)
    for index, rgb in enumerate(photos):
        path = folder / f"{index:04d}.png"
        if not path.exists():
            cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    (workdir / "settings.json").write_text(json.dumps(settings))
    _run_child(workdir, timeout_s, progress)
    result = workdir / "model.npz"
    if not result.exists():
        raise QualityGateError(
            f"none of the {len(photos)} photos could be matched with each other. Photograph a "
            "textured scene with at least 60 % overlap between neighbours, in focus."
        )
    with np.load(result, allow_pickle=False) as arrays:
        scalars = {name: float(arrays[name]) for name in ("radial", "reprojection_error_px")}
        rest = {name: arrays[name] for name in arrays.files if name not in scalars}
    return SfmModel(**rest, **scalars)


def _run_child(workdir: Path, timeout_s: float, progress: Callable[[float], None]) -> None:
    log = workdir / "colmap.log"
    command = [sys.executable, "-m", "xsim_core.scan._colmap", str(workdir)]
    with log.open("w") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            # communicate() would wait in silence; lines arrive only at the three steps.
            assert child.stdout is not None
            for line in child.stdout:
                _forward(line, progress)
            code = child.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise XSimError(f"structure from motion took longer than {timeout_s:.0f} s") from error
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
            child.stdout.close() if child.stdout else None
    if code != 0:
        tail = log.read_text(errors="replace").strip().splitlines()[-3:]
        raise XSimError(f"structure from motion failed (exit {code}): {' | '.join(tail)}")


def _forward(line: str, progress: Callable[[float], None]) -> None:
    try:
        progress(float(line))
    except ValueError:
        return


def check_sfm(model: SfmModel, photos: NDArray[np.uint8], *, min_registered: float) -> None:
    """Refuse degenerate models: "registered" is no evidence of being right.

    Raises:
        QualityGateError: too few photos registered, or a focal length no camera has.
    """
    count, total = len(model.photo_index), len(photos)
    if count < min_registered * total:
        raise QualityGateError(
            f"only {count} of {total} photos could be registered (at least {min_registered:.0%} "
            "needed). Take photos with more overlap, move sideways rather than turn on the spot, "
            "and avoid blur; or lower scan.min_registered."
        )
    ratio = model.K[0, 0] / max(photos.shape[1:3])
    if not 0.3 < ratio < 5.0:
        raise QualityGateError(
            f"the estimated focal length is {model.K[0, 0]:.0f} px for images of {photos.shape[2]} "
            "px: a degenerate solution. Give scan.intrinsics = [fx, fy, cx, cy], or move the "
            "camera more between photos."
        )
