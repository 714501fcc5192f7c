"""A colour film beside a folder of depth: decoded by OpenCV, with the container's own times.

imageio-ffmpeg, which writes our films, would fill a film of variable frame rate up with copies;
``CAP_PROP_POS_MSEC`` after a frame was read is that frame's time (OpenCV 5.0, tried with frames
left out).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import check_pixels, check_total
from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go

MEND = "Export the film again, as H.264 in an .mp4, with every frame."


def read_film(path: Path, num_depth: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Colour (t, h, w, 3), and the frames' times (t,) in seconds.

    Args:
        path: the film.
        num_depth: how many images of depth there are; the film must have as many frames.

    Raises:
        BadInputError: when it cannot be decoded, or has another number of frames.
    """
    import cv2

    film = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not film.isOpened():
            raise BadInputError(f"{path} cannot be opened as a film. {MEND}")
        return _frames(film, path, num_depth)
    except cv2.error as error:
        raise BadInputError(f"{path} cannot be decoded ({error.err}). {MEND}") from error
    finally:
        film.release()


def _frames(film: Any, path: Path, num_depth: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    import cv2

    w, h = (int(film.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    check_pixels(h, w, str(path))
    check_total(num_depth, (h, w), str(path))
    rgb = empty((num_depth, h, w, 3), np.uint8)
    stamps, num_read = np.zeros(num_depth), 0
    while film.grab():
        if num_read < num_depth:
            is_whole, bgr = film.retrieve()
            if not is_whole or bgr.shape != (h, w, 3):
                raise BadInputError(f"{path}: frame {num_read} cannot be decoded. {MEND}")
            cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=rgb[num_read])
            stamps[num_read] = film.get(cv2.CAP_PROP_POS_MSEC) / 1000
            let_go(rgb)
        num_read += 1
    if num_read != num_depth:
        raise BadInputError(
            f"{path} has {num_read} frames that can be decoded, depth/ {num_depth} images: which "
            "belong together is not known. Bring colour as images with depth's numbers, or a film "
            "of all frames."
        )
    return rgb, stamps
