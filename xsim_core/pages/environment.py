"""Jinja2 with every value escaped, and how pages write numbers and names."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

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
        loader=FileSystemLoader(Path(__file__).parents[1]), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"number": number, "words": words}
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
    parts = name.replace("/", "_").split("_")
    if len(parts) > 1 and parts[-1] in _UNITS and parts[-2] != "per":
        return f"{' '.join(parts[:-1])} ({_UNITS[parts[-1]]})"
    return " ".join(parts)
