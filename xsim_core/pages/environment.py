"""Jinja2 with every value escaped, and how pages write numbers and names."""

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

# As the field writes them.
_SPELLED = {
    "psnr": "PSNR", "ssim": "SSIM", "rms": "RMS", "fps": "frames per second", "add": "ADD",
    "adds": "ADD-S", "auc": "AUC", "ppo": "PPO",
}  # fmt: skip
_SILENT = ("num", "is")
"""Parts of a field's name that tell its type, not what it means."""

_UNITS = {"m": "m", "s": "s", "px": "px", "mm": "mm", "db": "dB", "rad": "rad", "deg": "°"}


def render(template: str, **values: Any) -> str:
    """A whole page.

    Args:
        template: its path below ``xsim_core``.
        values: text, which is escaped; ``markupsafe.Markup``, which stands as it is.
    """
    return _environment().get_template(template).render(values)


def macros(template: str) -> Any:
    """The macros of a template as functions that answer ``markupsafe.Markup``."""
    return _environment().get_template(template).module


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # Here: most runs show none.

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "words": words, "meaning": meaning, "quantity": quantity}
    return made


def number(value: Any) -> str:
    """A value as a person would write it; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)


def words(name: str) -> str:
    """A field's or file's name as words: units go into brackets."""
    spelled, unit = _parts(name)
    return f"{spelled} ({unit})" if unit else spelled


def meaning(name: str) -> str:
    """A field's name as words without its unit, which ``quantity`` writes beside the value."""
    return _parts(name)[0]


def quantity(value: Any, name: str) -> str:
    """A field's value with the unit of its name: short lengths in mm, angles in degrees."""
    unit = _parts(name)[1]
    if not unit or isinstance(value, bool) or not isinstance(value, int | float):
        return number(value)
    if unit == "rad":
        value, unit = math.degrees(value), "°"
    elif unit == "m" and abs(value) < 0.1:
        value, unit = value * 1000.0, "mm"
    text = f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else number(value)
    return f"{text}{unit}" if unit == "°" else f"{text} {unit}"


def _parts(name: str) -> tuple[str, str]:
    """Words of a name, and the unit that ends it or nothing."""
    parts = name.replace("/", "_").split("_")
    unit = ""
    if len(parts) > 1 and parts[-1] in _UNITS and parts[-2] != "per":
        unit = _UNITS[parts.pop()]
    told = [_SPELLED.get(p, p) for p in parts if p not in _SILENT]
    return " ".join(told or parts), unit
