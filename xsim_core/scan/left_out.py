"""Why a photo was not registered: by its sharpness, its features, and whom it meets."""

import contextlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import each

from .sfm import SfmModel

Reason = Literal["blurred", "few features", "no overlap", "apart", "not placed"]
BLURRED = 0.4
"""Of the median photo's sharpness. Of the 67 of ``photos_buddha``, shrunk to 912 columns, the one
that does not register has 0.33, the others 0.52 to 2.2."""
FEW = 0.15
"""Of the median photo's features."""
MEETS = 15
"""Verified matches of two photos that COLMAP lets count (``min_num_inliers``)."""
WIDE = 640
"""Larger side at which sharpness is measured: sensor noise is sharp."""
MAX_NAMED = 12
_MAX_IMAGE_ID = 2147483647
"""COLMAP's pair_id is first * this + second, of numbers of images that count from 1."""


@dataclass(frozen=True)
class LeftOut:
    """A photo that has no camera pose."""

    name: str
    reason: Reason
    words: str


def sharpnesses(photos: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Variance of the Laplacian (n,) of photos (n, h, w, 3), shrunk.

    As Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, 2000.
    """
    import cv2

    found = np.zeros(len(photos))
    for i, photo in enumerate(each(photos)):
        grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, WIDE / max(grey.shape))
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found[i] = cv2.Laplacian(small, cv2.CV_32F).var()
    return found


def left_out(
    photos: NDArray[np.uint8], model: SfmModel, workdir: Path, names: tuple[str, ...]
) -> tuple[LeftOut, ...]:
    """The photos that were not registered, in order, each with its reason.

    Args:
        photos: (n, h, w, 3), all that there are.
        model: says which were registered.
        workdir: of structure from motion, whose database tells features and matches.
        names: (n,) of the photos; they are numbered from 0 where there are none.
    """
    is_in = np.zeros(len(photos), bool)
    is_in[model.photo_index] = True
    if is_in.all():
        return ()
    sharp = sharpnesses(photos)
    features, matches = _database(workdir / "database.db", len(photos))
    called = names if len(names) == len(photos) else tuple(f"photo {i}" for i in range(len(photos)))
    found: list[LeftOut] = []
    for i in np.flatnonzero(~is_in):
        reason, words = _reason(int(i), is_in, sharp, features, matches, called)
        found.append(LeftOut(called[i], reason, words))
    return tuple(found)


def _reason(
    i: int,
    is_in: NDArray[np.bool_],
    sharp: NDArray[np.float64],
    features: NDArray[np.int64],
    matches: NDArray[np.int64],
    names: tuple[str, ...],
) -> tuple[Reason, str]:
    usual_sharp, usual_features = float(np.median(sharp)), float(np.median(features))
    best = int(np.argmax(np.where(is_in, matches[i], -1)))
    others = int((matches[i][~is_in] >= MEETS).sum())
    if sharp[i] < BLURRED * usual_sharp:
        return "blurred", (
            f"blurred, or of something plain (sharpness {sharp[i]:.0f}, {usual_sharp:.0f} in the "
            "median)"
        )
    if features[i] < FEW * usual_features:
        told = f"{features[i]} features, {usual_features:.0f} in the median"
        return "few features", f"too little to see in it ({told})"
    if matches[i, best] >= MEETS:
        told = f"{matches[i, best]} matches with {names[best]} at most"
        return "not placed", f"could not be placed ({told}): too few, or something had moved"
    if others:
        return "apart", f"overlaps only with {others} others that are left out"
    return "no overlap", f"overlaps with none ({matches[i].max()} matches at most)"


def _database(path: Path, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Features (n,) and verified matches (n, n) of photos that are called by their number."""
    features, matches = np.zeros(count, np.int64), np.zeros((count, count), np.int64)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as rows:
        index = {k: int(Path(n).stem) for k, n in _all(rows, "SELECT image_id, name FROM images")}
        for image, num in _all(rows, "SELECT image_id, rows FROM keypoints"):
            features[index[image]] = num
        for pair, num in _all(rows, "SELECT pair_id, rows FROM two_view_geometries"):
            a, b = (index[k] for k in divmod(pair, _MAX_IMAGE_ID))
            matches[a, b] = matches[b, a] = num
    return features, matches


def _all(rows: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return rows.execute(query).fetchall()


def notes_of(some: tuple[LeftOut, ...], num_photos: int) -> tuple[str, ...]:
    """A sentence for all, and one for each; of many the first."""
    if not some:
        return ()
    lines = [f"{len(some)} of {num_photos} photos could not be registered: {counted(some)}"]
    lines += [f"left out: {one.name}: {one.words}" for one in some[:MAX_NAMED]]
    if len(some) > MAX_NAMED:
        lines.append(f"left out: {', '.join(one.name for one in some[MAX_NAMED:])}")
    return tuple(lines)


def counted(some: tuple[LeftOut, ...]) -> str:
    """How many for which reason."""
    said: dict[Reason, str] = {
        "blurred": "blurred or plain",
        "few features": "too little to see",
        "no overlap": "no overlap",
        "apart": "of another part of the room",
        "not placed": "could not be placed",
    }
    counts: Counter[Reason] = Counter(one.reason for one in some)
    return ", ".join(f"{n} {said[reason]}" for reason, n in counts.most_common())
