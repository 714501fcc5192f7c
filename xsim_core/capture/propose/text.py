"""A ``capture.yaml`` for people: each value below the sentences that explain it."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 98
HEAD = (
    "Written by `xsim capture init` from what lies in this folder. Correct what is wrong.",
    "`xsim capture check` says whether it can be so; docs/your-own-capture.md what each key takes.",
)


@dataclass(frozen=True)
class Line:
    """One key of the file."""

    key: str
    value: Any | None
    """Plain; None leaves the key out."""
    why: tuple[str, ...]
    """Sentences: why this, what else there was, what to change."""
    example: str = ""
    """YAML to be filled in, commented out; where there is no value."""


def capture_text(lines: Iterable[Line]) -> str:
    """The file's text."""
    head = "".join(map(_comment, HEAD))
    return "\n".join([head, *(_block(line) for line in lines)])


def _block(line: Line) -> str:
    why = "".join(_comment(sentence) for sentence in line.why)
    if line.value is None:
        return why + "".join(f"# {row}\n" for row in line.example.splitlines())
    return why + dumped({line.key: line.value})


def _comment(sentence: str) -> str:
    # What is not printable would end the comment, or be no YAML.
    plain = "".join(c if c.isprintable() else " " for c in sentence)
    rows = textwrap.wrap(plain, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {row}\n" for row in rows)


def dumped(content: dict[str, Any]) -> str:
    """Plain values as YAML; lists of numbers in a row."""
    in_rows = None if any(isinstance(value, list) for value in content.values()) else False
    return yaml.safe_dump(
        content, sort_keys=False, default_flow_style=in_rows, allow_unicode=True, width=WIDTH
    )
