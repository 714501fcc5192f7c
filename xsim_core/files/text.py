"""Text files from outside: in UTF-8, or in what other editors and shells write."""

import codecs
from pathlib import Path
from typing import Any

from xsim_core.errors import BadInputError

MAX_TEXT_BYTES = 16 << 20
MAX_YAML_CHARS = 1 << 18
"""PyYAML takes time with the square of a number's length where it is written as 1:30:00 is."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


def read_text(path: Path, notes: list[str], *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """The text of a file, whose encoding is recognised; one that had to be guessed is noted.

    Args:
        path: the file.
        notes: receives a sentence when the file is not in UTF-8.
        max_bytes: larger files are refused before they are read.

    Raises:
        BadInputError: when it is missing, not readable, too large, or no text.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadInputError(
                f"{path} is {size / 1e6:.1f} MB; a text of at most {max_bytes / 1e6:.1f} MB is read"
            )
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror or error}") from error
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is no {encoding} text ({error}). Save it as UTF-8.") from error
    if "\0" in text:
        raise BadInputError(f"{path} is no text: it holds NUL characters. Save it as UTF-8.")
    if not encoding.startswith("utf-8"):
        notes.append(f"{path.name} is not in UTF-8: it was read as {encoding}")
    return text


def parse_yaml(text: str, refusal: str) -> Any:
    """The values of a YAML or JSON text.

    Args:
        text: the text.
        refusal: how the error begins, such as "task.yaml is not YAML".

    Raises:
        BadInputError: with line and column where they are known.
    """
    import yaml  # Here: most commands read none.

    if len(text) > MAX_YAML_CHARS:
        raise BadInputError(
            f"{refusal}: it has {len(text):,} characters, {MAX_YAML_CHARS:,} are read"
        )
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark, why = error.problem_mark, one_line(error.problem or error.context or error)
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise BadInputError(f"{refusal}: {at}{why}") from error
    except Exception as error:
        # What a value says that is none of its kind (a 13th month, a number without digits) PyYAML
        # answers with whatever its constructors raise.
        raise BadInputError(f"{refusal}: {one_line(error)}") from error


def one_line(error: object) -> str:
    """What an error says, without line breaks, in 200 characters at most."""
    return " ".join(str(error).split())[:200]


def _encoding(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:64]
    if b"\0" in head:  # UTF-16 without a mark: most letters leave every second byte zero.
        zeros = [head[k::2].count(0) / max(1, len(head[k::2])) for k in (0, 1)]
        if max(zeros) > 0.8 and min(zeros) == 0:
            return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    try:
        data.decode()
    except UnicodeDecodeError:
        # Windows writes quotes and the euro sign where latin-1 has control characters.
        return "windows-1252" if _NOT_IN_WINDOWS_1252.isdisjoint(data) else "latin-1"
    return "utf-8"
