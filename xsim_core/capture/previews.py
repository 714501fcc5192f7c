"""Pictures of a capture for people."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from xsim_core.files.windows import each

from .formats import RGBDVideo

TILE_W = 240


def contact_sheet(photos: NDArray[np.uint8], *, columns: int = 5, limit: int = 40) -> bytes:
    """A JPEG of up to ``limit`` evenly chosen photos."""
    chosen = np.linspace(0, len(photos) - 1, min(limit, len(photos))).round().astype(int)
    return _sheet([_tile(Image.fromarray(photo)) for photo in each(photos, chosen)], columns)


def video_strip(
    video: RGBDVideo,
    init_frame: int,
    box_xyxy: tuple[float, float, float, float],
    *,
    count: int = 6,
) -> bytes:
    """A JPEG of the boxed first look, then frames with their depth below."""
    boxed = Image.fromarray(video.rgb[init_frame])
    ImageDraw.Draw(boxed).rectangle(
        box_xyxy, outline=(255, 40, 40), width=max(1, boxed.width // 200)
    )
    chosen = np.linspace(0, len(video.rgb) - 1, count - 1).round().astype(int)
    looks = [boxed, *(Image.fromarray(rgb) for rgb in each(video.rgb, chosen))]
    looks += [_coloured(mm) for mm in each(video.depth_mm, [init_frame, *chosen])]
    return _sheet([_tile(look) for look in looks], count)


def _coloured(depth_mm: NDArray[np.uint16]) -> Image.Image:
    import cv2

    valid = depth_mm > 0
    low, high = np.quantile(depth_mm[valid], [0.01, 0.99]) if valid.any() else (0, 1)
    scaled = np.clip((depth_mm - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
    rgb = np.asarray(cv2.applyColorMap(scaled, cv2.COLORMAP_TURBO))[..., ::-1].copy()
    rgb[~valid] = 0
    return Image.fromarray(rgb)


def _tile(image: Image.Image) -> Image.Image:
    w, h = image.size
    return image.resize((TILE_W, max(1, round(TILE_W * h / w))), Image.Resampling.BILINEAR)


def _sheet(images: list[Image.Image], columns: int) -> bytes:
    w, h = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * w, rows * h), (20, 20, 20))
    for i, image in enumerate(images):
        sheet.paste(image, ((i % columns) * w, (i // columns) * h))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
