"""The frame with the object's box, and whether the film has depth at all."""

from pathlib import Path

import numpy as np

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.layout import CAPTURE_FILE, CaptureFile
from xsim_core.errors import BadInputError
from xsim_core.files.windows import windows


def find_init_frame(file: CaptureFile, video: RGBDVideo) -> int:
    """The frame of the video that ``init_frame`` means; a box that was drawn must lie within it.

    Raises:
        BadInputError: when there is no such frame, or the box is none in it.
    """
    num_frames, h, w = video.rgb.shape[:3]
    numbers = video.source_frames if video.source_frames is not None else np.arange(num_frames)
    found = np.flatnonzero(numbers == file.init_frame)
    if len(found) == 0:
        dropped = (
            "; that one was dropped, as it has no depth" if file.init_frame < numbers[-1] else ""
        )
        raise BadInputError(
            f"{CAPTURE_FILE}: init_frame is {file.init_frame} but the video has {num_frames} frames"
            f"{dropped}"
        )
    if not file.is_boxed:
        return int(found[0])
    left, top, right, bottom = file.init_box_xyxy
    inside = left >= 0 and top >= 0 and right <= w and bottom <= h
    if not inside or right - left < 4 or bottom - top < 4:
        raise BadInputError(
            f"{CAPTURE_FILE}: init_box_xyxy {list(file.init_box_xyxy)} is not a box (left, top, "
            f"right, bottom) inside the {w}x{h} image of frame {file.init_frame}"
        )
    return int(found[0])


def check_depth(video: RGBDVideo, folder: Path) -> str:
    """How much of the video has depth, and how far; in words.

    Raises:
        BadInputError: when it is next to nothing, or at no distance of a table.
    """
    counts = np.zeros(1 << 16, np.int64)  # How often each depth is measured; film is long.
    for part in windows(video.depth_mm, 1):
        counts += np.bincount(video.depth_mm[part].ravel(), minlength=len(counts))
    measured = np.cumsum(counts[1:])
    num_valid = int(measured[-1])
    valid = num_valid / video.depth_mm.size
    if valid < 0.05:
        raise BadInputError(
            f"{folder}: only {valid:.1%} of the video's pixels have depth. Was the depth stream "
            "on, and the scene 0.3 to 4 m away?"
        )
    middle = np.searchsorted(measured, [(num_valid - 1) // 2, num_valid // 2], side="right") + 1
    median_mm = float(middle.mean())
    if not 100 < median_mm < 8000:
        raise BadInputError(
            f"{folder}: the median depth is {median_mm:.0f} mm; depth must be in millimetres"
        )
    return f"{valid:.0%} of the pixels have depth, at {median_mm:.0f} mm in the median"
