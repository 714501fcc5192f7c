"""Small pieces of HTML. Everything that comes from data goes through ``esc``."""

import base64
import html
import io
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ._pictures import slim

MAX_INLINE_BYTES = 24 << 20
"""A page beyond this per file would not open; such a file is named instead of shown."""

_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}
WIDE_ASPECT = 1.9
"""Pictures wider than this, such as film strips, take the page's full width."""


def esc(value: Any) -> str:
    """Text that cannot become markup."""
    return html.escape(str(value), quote=True)


def number(value: Any) -> str:
    """A value as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)


def words(name: str) -> str:
    """A field's or file's name as words: units go into brackets."""
    units = {"m": "m", "s": "s", "px": "px", "mm": "mm", "db": "dB", "rad": "rad", "deg": "°"}
    parts = name.replace("/", "_").split("_")
    if len(parts) > 1 and parts[-1] in units and parts[-2] != "per":
        return f"{' '.join(parts[:-1])} ({units[parts[-1]]})"
    return " ".join(parts)


def facts(values: Mapping[str, Any]) -> str:
    """Key figures in a row."""
    cells = "".join(
        f'<div class="fact"><span>{esc(words(k))}</span><b>{esc(number(v))}</b></div>'
        for k, v in values.items()
    )
    return f'<div class="facts">{cells}</div>' if cells else ""


def table(
    head: Iterable[str], rows: Iterable[Iterable[str]], *, numeric: Collection[int] = ()
) -> str:
    """A table; cells are HTML already."""

    def cell(tag: str, i: int, text: str) -> str:
        return f"<{tag}{' class=num' if i in numeric else ''}>{text}</{tag}>"

    top = "".join(cell("th", i, esc(h)) for i, h in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell("td", i, c) for i, c in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences; nothing for none."""
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def card(content: str, title: str = "") -> str:
    """Content on white."""
    heading = f"<h3>{esc(title)}</h3>" if title else ""
    return f'<div class="card">{heading}{content}</div>'


def section(anchor: str, title: str, lede: str, content: str) -> str:
    """One part of the page."""
    return (
        f'<section id="{esc(anchor)}"><h2>{esc(title)}</h2>'
        f'<p class="lede">{esc(lede)}</p>{content}</section>'
    )


def gallery(files: Mapping[str, bytes], captions: Mapping[str, str] | None = None) -> str:
    """Pictures and films with captions; what cannot be shown is listed by name."""
    shown, listed = [], []
    for name, data in files.items():
        caption = _caption(name, captions or {})
        text = _figure(name, data, caption)
        (shown if text else listed).append(
            text or f"<code>{esc(name)}</code> ({len(data):,} bytes)"
        )
    more = f"<p>Further files: {', '.join(listed)}.</p>" if listed else ""
    return (f'<div class="gallery">{"".join(shown)}</div>' if shown else "") + more


def _figure(name: str, data: bytes, caption: tuple[str, str]) -> str:
    suffix = "." + name.rpartition(".")[2].lower()
    if len(data) > MAX_INLINE_BYTES or suffix not in {**_IMAGES, **_VIDEOS}:
        return ""
    title, text = caption
    if suffix in _VIDEOS:
        kind, uri = "", data_uri(data, _VIDEOS[suffix])
        media = f'<video src="{uri}" autoplay loop muted playsinline controls></video>'
    else:
        kind, uri = _shape_class(data), data_uri(*slim(data, _IMAGES[suffix]))
        # Checked, the picture fills the window: larger at a click, without a script.
        box = f'<input type="checkbox" aria-label="{esc(title)}, large">'
        media = f'<label>{box}<img src="{uri}" alt="{esc(title)}" loading="lazy"></label>'
    told = f"<b>{esc(title)}.</b> {esc(text)}" if text else f"<b>{esc(title)}</b>"
    return f"<figure{kind}>{media}<figcaption>{told}</figcaption></figure>"


def _shape_class(data: bytes) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except UnidentifiedImageError:
        return ""
    return ' class="wide"' if width >= WIDE_ASPECT * height else ""


def data_uri(data: bytes, mime: str) -> str:
    """Bytes that travel inside the page."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _caption(name: str, captions: Mapping[str, str]) -> tuple[str, str]:
    """Title and sentence of a file; the sentence is empty where nothing is known of it."""
    title = words(name.rpartition(".")[0])
    title = title[:1].upper() + title[1:]
    return title, next((t for pattern, t in captions.items() if re.search(pattern, name)), "")
