"""When a film's camera stood still, told by what stands in the background.

Features of one frame are followed to another (Lucas & Kanade 1981, pyramidal: Bouguet 2001), there
and back. While the camera stands still most of them stay where they are, whatever hand and object
do; when it moves, none does.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import let_go

Grey = NDArray[np.uint8]
KeepOut = Callable[[NDArray[np.uint8]], NDArray[np.floating] | None]
"""From an image (h, w, 3) to the outline (n, 2), in pixels, of what may move by itself."""

SAMPLES = 60
MIN_STEP = 4
CELLS = (12, 16)
"""Rows and columns of cells; each gives one feature, so that no bright thing gives most."""
MIN_FEATURES = 20
MIN_QUALITY = 3e-5
"""Of OpenCV's smallest eigenvalue on a smoothed image; noise of four grey levels reaches 1.2e-5."""
MAX_SHIFT_PX = 1.0
"""Of 640 columns; a millimetre or a tenth of a degree at 70 cm."""
MIN_STILL_SHARE = 0.3
MAX_STRETCHES = 8
"""With more, a camera was not knocked but held in the hand."""
SETTLED_FRAMES = 3
STILL_FRAMES = 0.7
"""Share of a film's frames that a knocked camera stands still in."""


@dataclass(frozen=True)
class Stretch:
    """First and last frame in which the camera stood in one place."""

    first: int
    last: int

    @property
    def num_frames(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Stillness:
    """In which stretches of a film its camera stood still."""

    num_frames: int
    stretches: tuple[Stretch, ...]
    """In order; a camera that stands still has one with all frames."""
    goes_on: bool
    """The camera never stood still for long: held in the hand."""

    @property
    def is_still(self) -> bool:
        """Whether the camera stood in one place all the time."""
        return not self.goes_on and self.stretches == (Stretch(0, self.num_frames - 1),)


def find_stillness(frames: Sequence[Any], *, keep_out: KeepOut | None = None) -> Stillness:
    """The stretches in which the camera of a film stood still.

    Args:
        frames: images (h, w, 3) RGB uint8 by number; some sixty are read, more around a step.
        keep_out: gives the outline of what may be moved by itself, as a board.
    """
    n = len(frames)
    step = max(MIN_STEP, math.ceil(n / SAMPLES))
    stretches: list[Stretch] = []
    first = 0
    while first < n:
        if len(stretches) > MAX_STRETCHES:
            return Stillness(n, tuple(stretches), goes_on=True)
        anchor = _Anchor.of(_frame(frames, first), keep_out)
        last = _last_still(frames, anchor, first, step)
        if last - first + 1 >= min(SETTLED_FRAMES, n):
            stretches.append(Stretch(first, last))
            first = last + 1
        else:
            first += 1
            if stretches and first - stretches[-1].last > 4 * step:
                return Stillness(n, tuple(stretches), goes_on=True)
    num_still = sum(stretch.num_frames for stretch in stretches)
    return Stillness(n, tuple(stretches), goes_on=num_still < STILL_FRAMES * n)


def _frame(frames: Sequence[Any], i: int) -> NDArray[np.uint8]:
    """One frame; of a film that lies in a file, the memory of those before it is given back."""
    if isinstance(frames, np.ndarray):
        let_go(frames)
    return np.asarray(frames[i])


def _last_still(frames: Sequence[Any], anchor: "_Anchor", first: int, step: int) -> int:
    """The last frame before the camera stands elsewhere than in ``first``."""
    still = first
    for i in [*range(first + step, len(frames), step), len(frames) - 1]:
        if i <= still:
            continue
        if not anchor.is_still(_frame(frames, i)):
            return _bisect(frames, anchor, still, i)
        still = i
    return still


def _bisect(frames: Sequence[Any], anchor: "_Anchor", still: int, moved: int) -> int:
    while moved - still > 1:
        middle = (still + moved) // 2
        if anchor.is_still(_frame(frames, middle)):
            still = middle
        else:
            moved = middle
    return still


def _features(grey: Grey, mask: Grey) -> NDArray[np.float32]:
    """The best corner (n, 1, 2) of each cell (Shi & Tomasi, Good Features to Track, 1994)."""
    import cv2

    smooth = cv2.GaussianBlur(grey, (0, 0), 1.5)
    quality = np.where(mask > 0, cv2.cornerMinEigenVal(smooth, 7, ksize=3), 0)
    height, width = (np.array(grey.shape) // CELLS).tolist()
    if min(height, width) < 1:
        return np.zeros((0, 1, 2), np.float32)
    cells = quality[: CELLS[0] * height, : CELLS[1] * width]
    cells = cells.reshape(CELLS[0], height, CELLS[1], width).swapaxes(1, 2)
    cells = cells.reshape(*CELLS, height * width)
    best = cells.argmax(axis=-1)
    row, column = np.mgrid[: CELLS[0], : CELLS[1]]
    at = np.stack([column * width + best % width, row * height + best // width], axis=-1)
    is_corner = cells.max(axis=-1) > MIN_QUALITY
    return at[is_corner].reshape(-1, 1, 2).astype(np.float32)


@dataclass(frozen=True)
class _Anchor:
    """A frame that others are compared with, and its features (n, 1, 2)."""

    grey: Grey
    features: NDArray[np.float32]

    @staticmethod
    def of(rgb: NDArray[np.uint8], keep_out: KeepOut | None) -> "_Anchor":
        import cv2

        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        mask = np.full(grey.shape, 255, np.uint8)
        outline = keep_out(rgb) if keep_out is not None else None
        if outline is not None:
            cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 0)
        return _Anchor(grey, _features(grey, mask))

    def is_still(self, rgb: NDArray[np.uint8]) -> bool:
        """Whether the camera stands in another frame where it stood in this one.

        A background without features tells nothing and counts as still.
        """
        import cv2

        if len(self.features) < MIN_FEATURES:
            return True
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        follow: Any = cv2.calcOpticalFlowPyrLK
        there, ok, _ = follow(self.grey, _as_bright_as(self.grey, grey), self.features, None)
        limit_px = MAX_SHIFT_PX * max(1.0, grey.shape[1] / 640)
        shift = np.linalg.norm((there - self.features).reshape(-1, 2), axis=-1)
        is_near = (shift < limit_px) & (ok.ravel() > 0)
        return float(is_near.mean()) >= MIN_STILL_SHARE


def _as_bright_as(model: Grey, grey: Grey) -> Grey:
    """An image in another's exposure: that changes while the camera stands still."""
    ratio = (model[::4, ::4] + 1.0) / (grey[::4, ::4] + 1.0)
    return np.clip(grey * np.median(ratio), 0, 255).astype(np.uint8)
