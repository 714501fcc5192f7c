"""Photos of one camera at one focal length: structure from motion solves a single one."""

import struct
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from .images import register_heif

TELLING = (".jpg", ".jpeg", ".heic", ".heif", ".avif", ".webp", ".tif", ".tiff")
"""Suffixes whose EXIF data is read without decoding the picture."""
_MODEL, _EXIF, _ZOOM, _FOCAL, _FOCAL_35MM = 0x110, 0x8769, 0xA404, 0x920A, 0xA405

_UNREADABLE = (
    OSError, ValueError, TypeError, SyntaxError, LookupError, ArithmeticError, AttributeError,
    RuntimeError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises over damaged EXIF data."""

MAX_NAMED = 12

Lens = tuple[str, float, int, float]
"""Camera model, focal length in mm, as of 35 mm film, digital zoom; 0 where it is not told."""


def of_one_camera(files: list[Path], notes: list[str]) -> list[Path]:
    """The photos of the camera and focal length that took most of them.

    Photos that tell nothing are taken for that camera's.

    Args:
        files: photos.
        notes: receives which are left out, and that some tell nothing.
    """
    lenses = {file: _lens(file) for file in files}
    counts = Counter(lens for lens in lenses.values() if lens is not None)
    if len(counts) < 2:
        return files
    main = counts.most_common(1)[0][0]
    kept = [file for file in files if lenses[file] in (main, None)]
    others = ", ".join(f"{_name(lens)}: {n}" for lens, n in counts.items() if lens != main)
    names = [file.name for file in files if file not in kept]
    named = ", ".join(names[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else "")
    notes.append(
        f"photos: {len(names)} left out ({named}), taken with another camera or focal length "
        f"({others}) than most ({_name(main)}: {counts[main]}); scan solves one camera"
    )
    if unknown := sum(lens is None for lens in lenses.values()):
        notes.append(f"photos: {unknown} do not tell their focal length; taken for that of most")
    return kept


def _lens(file: Path) -> Lens | None:
    """What a photo's EXIF data says; None where it says no focal length, or cannot be read."""
    if file.suffix.lower() not in TELLING:
        return None
    register_heif()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file) as photo:
            exif = photo.getexif()
            inner = exif.get_ifd(_EXIF)
            focal = _number(inner.get(_FOCAL))
            model = str(exif.get(_MODEL, "")).strip("\x00 ")
            film = int(_number(inner.get(_FOCAL_35MM)))
            zoom = _number(inner.get(_ZOOM))
    except _UNREADABLE:  # The reader of its pixels says what is wrong.
        return None
    if not focal and not film:
        return None
    return model, round(focal, 1), film, round(max(1.0, zoom), 2)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if 0 < number < 1e5 else 0.0


def _name(lens: Lens) -> str:
    model, focal, film, zoom = lens
    told = f"{focal:g} mm" if focal else f"{film} mm of 35 mm film"
    zoomed = f" at zoom {zoom:g}" if zoom != 1 else ""
    plain = "".join(c for c in model if c.isprintable())[:40]
    return f"{plain or 'a camera'}, {told}{zoomed}"
