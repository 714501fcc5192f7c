"""The frame in which the object is boxed, with a grid of pixels to read a box off."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from xsim_core.capture.recognise.facts import FirstBox
from xsim_core.pictures import png_bytes

LEAST_WIDTH = 1200
STEP_PX, LABEL_EVERY = 20, 5
LINE_RGB, LABELLED_RGB, BOX_RGB = (120, 120, 120), (255, 255, 255), (255, 40, 40)
NUMBER_RGB = (255, 255, 0)


def frame_picture(frame: NDArray[np.uint8], box: FirstBox | None) -> bytes:
    """A PNG of a frame (h, w, 3), enlarged: a line every 20 pixels, a number every 100.

    Args:
        frame: of the video.
        box: drawn in red where there is one.
    """
    h, w = frame.shape[:2]
    scale = max(1, round(LEAST_WIDTH / w))
    grid = Image.fromarray(np.ascontiguousarray(frame)).resize((w * scale, h * scale))
    lines = grid.copy()
    draw = ImageDraw.Draw(lines)
    for at in range(0, w, STEP_PX):
        draw.line([(at * scale, 0), (at * scale, h * scale)], fill=_shade(at))
    for at in range(0, h, STEP_PX):
        draw.line([(0, at * scale), (w * scale, at * scale)], fill=_shade(at))
    picture = Image.blend(grid, lines, 0.5)
    draw = ImageDraw.Draw(picture)
    for at in range(0, max(w, h), STEP_PX * LABEL_EVERY):
        if at < w:
            _number(draw, (at * scale + 2, 2), at)
        if 0 < at < h:
            _number(draw, (2, at * scale + 2), at)
    if box is not None:
        bounds = tuple(v * scale for v in box.box_xyxy)
        draw.rectangle(bounds, outline=BOX_RGB, width=3)
    return png_bytes(np.asarray(picture))


def _shade(at: int) -> tuple[int, int, int]:
    return LABELLED_RGB if at % (STEP_PX * LABEL_EVERY) == 0 else LINE_RGB


def _number(draw: ImageDraw.ImageDraw, at: tuple[float, float], number: int) -> None:
    draw.text(at, str(number), fill=NUMBER_RGB, font_size=20, stroke_width=2, stroke_fill=(0, 0, 0))
