"""Runs structure from motion in a child process and checks that its answer can be true."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import QualityGateError, XSimError
from xsim_core.files.windows import each
from xsim_core.pictures import png_bytes
from xsim_core.scratch import read_arrays, write_bytes
from xsim_core.storage import Progress

POLL_S = 1.0
MIN_POINTS_PER_PHOTO = 10
"""In three photos or more; wrong poses leave one or two by chance, sparse rooms forty."""
MAPPED_FILE, POSES_FILE = "mapped.txt", "poses.npy"
SHARE_OF_TIME = (0.25, 0.5, 0.25)
"""Of features, matching and mapping, measured on 40 photos of 640x480."""


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
    progress: Progress,
    T_cam_known: NDArray[np.float64] | None = None,
) -> SfmModel:
    """Poses of photos (n, h, w, 3) RGB.

    Args:
        photos: as above.
        workdir: keeps what was found, for a run that is interrupted.
        settings: of the solver (see ``_colmap``).
        timeout_s: after which it is ended.
        progress: is told how far it is.
        T_cam_known: (n, 4, 4) where all poses are known: they are kept, points are triangulated.

    Raises:
        QualityGateError: when no two photos could be matched.
        XSimError: when the solver crashed or ran out of time.
    """
    _write_photos(photos, workdir / "photos")
    (workdir / "settings.json").write_text(json.dumps(settings))
    if T_cam_known is not None:
        np.save(workdir / POSES_FILE, T_cam_known, allow_pickle=False)
    result = workdir / "model.npz"
    if (arrays := read_arrays(result)) is None:
        _run_child(workdir, len(photos), timeout_s, progress)
        arrays = read_arrays(result)
    if arrays is None:
        raise QualityGateError(
            f"none of the {len(photos)} photos could be matched with each other. Photograph a "
            "textured scene with at least 60 % overlap between neighbours, in focus."
        )
    scalars = {name: float(arrays.pop(name)) for name in ("radial", "reprojection_error_px")}
    return SfmModel(**arrays, **scalars)  # type: ignore[arg-type]


def _write_photos(photos: NDArray[np.uint8], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, rgb in enumerate(each(photos)):
        path = folder / f"{index:04d}.png"
        if path.exists():
            continue
        # Whole or not at all: an interrupted run may be resumed.
        write_bytes(path, png_bytes(rgb, compress_level=1))


def _run_child(workdir: Path, num_photos: int, timeout_s: float, progress: Progress) -> None:
    log = workdir / "colmap.log"
    command = [sys.executable, "-P", "-m", "xsim_core.scan._colmap", str(workdir)]
    deadline = time.monotonic() + timeout_s
    with log.open("w") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        try:
            while child.poll() is None:
                if time.monotonic() > deadline:
                    raise XSimError(
                        f"structure from motion of {num_photos} photos took longer than "
                        f"{timeout_s:.0f} s. Raise scan.timeout_s, or run again: features and "
                        "matches found so far are kept."
                    )
                progress(*_how_far(workdir, num_photos))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=POLL_S)
        finally:
            # SIGKILL: glog's handler may have dead-locked on anything softer.
            if child.poll() is None:
                child.kill()
                child.wait()
    if child.returncode != 0:
        tail = log.read_text(errors="replace").strip().splitlines()[-3:]
        raise XSimError(
            f"structure from motion failed (exit {child.returncode}): {' | '.join(tail)}"
        )


def _how_far(workdir: Path, num_photos: int) -> tuple[float, dict[str, float]]:
    """Fraction done and figures, from the child's database and its count of mapped photos."""
    pairs = num_photos * (num_photos - 1) // 2
    described, matched, registered = 0, 0, 0
    database = workdir / "database.db"
    if database.exists():
        # The child may hold the lock or not have made its tables yet: then the next poll tells.
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows,
        ):
            described = rows.execute("SELECT COUNT(*) FROM descriptors").fetchone()[0]
            matched = rows.execute("SELECT COUNT(*) FROM two_view_geometries").fetchone()[0]
    with contextlib.suppress(FileNotFoundError):
        registered = int((workdir / MAPPED_FILE).read_text())
    shares = (described / num_photos, matched / pairs, min(registered / num_photos, 1.0))
    fraction = sum(w * s for w, s in zip(SHARE_OF_TIME, shares, strict=True))
    figures = {"photos": described, "pairs": matched, "registered": registered}
    return fraction, {name: float(value) for name, value in figures.items()}


def check_sfm(
    model: SfmModel,
    photos: NDArray[np.uint8],
    *,
    min_registered: float,
    max_reprojection_px: float,
    why: str = "",
) -> None:
    """Refuse degenerate models: "registered" is no evidence of being right.

    Args:
        model: as solved.
        photos: (n, h, w, 3), all that there are.
        min_registered: share of them that must be registered.
        max_reprojection_px: gate on the mean error.
        why: what is known of those that are not.

    Raises:
        QualityGateError: too few photos registered, a large error, or a focal length no camera has.
    """
    count, total = len(model.photo_index), len(photos)
    if count < min_registered * total:
        others = f" (of the others {why})" if why else ""
        raise QualityGateError(
            f"only {count} of {total} photos could be registered (at least {min_registered:.0%} "
            f"needed){others}. Take photos with more overlap, move sideways rather than turn on "
            "the spot, and avoid blur; or lower scan.min_registered."
        )
    ratio = model.K[0, 0] / max(photos.shape[1:3])
    if not 0.3 < ratio < 5.0:
        raise QualityGateError(
            f"the estimated focal length is {model.K[0, 0]:.0f} px for images of {photos.shape[2]} "
            "px: a degenerate solution. Give scan.intrinsics = [fx, fy, cx, cy], or move the "
            "camera more between photos."
        )
    if model.reprojection_error_px > max_reprojection_px:
        raise QualityGateError(
            f"points miss their pixels by {model.reprojection_error_px:.2f} px on average (gate "
            f"{max_reprojection_px} px). Did something move between photos, or does the lens "
            "distort more than one radial term can say? Raise scan.max_reprojection_px only if "
            "neither is so."
        )


def check_known_poses(model: SfmModel) -> None:
    """Refuse poses that are not of these photos: then hardly anything meets in a point.

    Raises:
        QualityGateError: when too few points could be triangulated with them.
    """
    per_photo = len(model.points_sfm) / max(1, len(model.photo_index))
    if per_photo < MIN_POINTS_PER_PHOTO:
        raise QualityGateError(
            f"with the poses that came with the {len(model.photo_index)} photos only "
            f"{len(model.points_sfm)} points meet: they are of other photos, or of other camera "
            "axes than their format has (nerfstudio: OpenGL's, COLMAP: OpenCV's). With "
            "`photo_poses: solve` in capture.yaml they are not looked at."
        )
