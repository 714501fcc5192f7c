"""Pictures made small enough to travel inside a page; the store keeps the originals."""

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""Type of a picture by the ending of its file, in small letters."""
MAX_INLINE_BYTES = 24 << 20
"""A page beyond this per file would not open."""
QUALITY = 82
SMALL_BYTES = 40_000
"""Below this a picture is not worth encoding anew."""


def slim(data: bytes, mime: str) -> tuple[bytes, str]:
    """A still or animated picture as lossy WebP where that is smaller.

    Args:
        data: an encoded PNG, JPEG, GIF or WebP.
        mime: its type.

    Returns:
        Bytes and their type; the input itself where it is small, unreadable or smaller as it is.
    """
    from PIL import Image, ImageSequence, UnidentifiedImageError

    if len(data) < SMALL_BYTES or mime == "image/webp":
        return data, mime
    try:
        with Image.open(io.BytesIO(data)) as image:
            frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]
            duration_ms = image.info.get("duration", 100)
    except (UnidentifiedImageError, OSError):
        return data, mime
    small = _webp(frames, duration_ms)
    return (small, "image/webp") if len(small) < len(data) else (data, mime)


def _webp(frames: list["Image"], duration_ms: float) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        quality=QUALITY,
        method=2,
        save_all=len(frames) > 1,
        append_images=frames[1:],
        duration=duration_ms,
        loop=0,
    )
    return buffer.getvalue()


def data_uri(data: bytes, mime: str) -> str:
    """Bytes that travel inside the page."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def image_uri(data: bytes, mime: str) -> str:
    """An encoded picture, made ``slim``, that travels inside the page."""
    return data_uri(*slim(data, mime))
