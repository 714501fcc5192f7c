"""The pictures and films of an artifact, with captions."""

import io
import re
from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup

from xsim_core.pages import IMAGES, MAX_INLINE_BYTES, data_uri, image_uri, macros, words

_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}
WIDE_ASPECT = 1.9
"""Pictures wider than this, such as film strips, take the page's full width."""


class _Shown(NamedTuple):
    title: str
    text: str
    uri: str
    is_video: bool
    is_wide: bool


def gallery(files: Mapping[str, bytes], captions: Mapping[str, str]) -> Markup:
    """Pictures and films; what cannot be shown, or is too large, is listed by name.

    Args:
        files: name → encoded bytes.
        captions: pattern → sentence; the first that is found in a name holds.
    """
    shown: list[_Shown] = []
    listed: dict[str, int] = {}
    for name, data in files.items():
        suffix = "." + name.rpartition(".")[2].lower()
        title, text = _caption(name, captions)
        if len(data) > MAX_INLINE_BYTES or suffix not in {**IMAGES, **_VIDEOS}:
            listed[name] = len(data)
        elif suffix in _VIDEOS:
            uri = data_uri(data, _VIDEOS[suffix])
            shown.append(_Shown(title, text, uri, is_video=True, is_wide=False))
        else:
            uri = image_uri(data, IMAGES[suffix])
            shown.append(_Shown(title, text, uri, is_video=False, is_wide=_is_wide(data)))
    return macros("report/pieces.html").gallery(shown, listed)


def _is_wide(data: bytes) -> bool:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except UnidentifiedImageError:
        return False
    return width >= WIDE_ASPECT * height


def _caption(name: str, captions: Mapping[str, str]) -> tuple[str, str]:
    """Title and sentence of a file; the sentence is empty where nothing is known of it."""
    title = words(name.rpartition(".")[0])
    title = title[:1].upper() + title[1:]
    return title, next((t for pattern, t in captions.items() if re.search(pattern, name)), "")
