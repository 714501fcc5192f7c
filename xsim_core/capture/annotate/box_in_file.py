"""The box in ``capture.yaml``: written where it stands, everything else left as it is."""

import re
from pathlib import Path
from typing import Any

from xsim_core.capture.layout import CAPTURE_FILE, MAX_CAPTURE_FILE_BYTES
from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml, read_text
from xsim_core.scratch import write_text

Box = tuple[float, float, float, float]


def write_box(folder: Path, init_frame: int, box_xyxy: Box) -> Path:
    """Write which frame the object is boxed in, and the box, into a capture's file.

    Args:
        folder: of the capture.
        init_frame: the frame's number, as ``capture.yaml`` counts.
        box_xyxy: left, top, right, bottom in pixels.

    Returns:
        The file.

    Raises:
        BadInputError: when the file cannot be read, or writing would change another key of it.
    """
    path = folder / CAPTURE_FILE
    text = read_text(path, [], max_bytes=MAX_CAPTURE_FILE_BYTES)
    values = {
        "init_frame": str(init_frame),
        "init_box_xyxy": f"[{', '.join(map(_pixel, box_xyxy))}]",
    }
    changed = text
    for key, value in values.items():
        changed = _with(changed, key, value)
    before = parse_yaml(text, f"{path} is not YAML")
    wanted = {**before, "init_frame": init_frame, "init_box_xyxy": list(map(_rounded, box_xyxy))}
    if not _means(changed, wanted):
        lines = "\n".join(f"{key}: {value}" for key, value in values.items())
        raise BadInputError(
            f"{path} is written in a way that cannot be changed here without changing more of it. "
            f"Write by hand:\n{lines}"
        )
    write_text(path, changed)
    return path


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return bool(parse_yaml(text, "changed") == wanted)
    except BadInputError:
        return False


def _with(text: str, key: str, value: str) -> str:
    """The text with a key's value replaced: where it stands, where it is commented out, or last."""
    lines, line = text.splitlines(), f"{key}: {value}"
    for lead in ("", "# "):
        starts = re.compile(rf"{lead}{key}\s*:")
        for at, there in enumerate(lines):
            if starts.match(there):
                end = at + 1 if lead else _end_of_value(lines, at)
                return "\n".join([*lines[:at], line, *lines[end:]]) + "\n"
    return "\n".join([*lines, line]) + "\n"


def _end_of_value(lines: list[str], at: int) -> int:
    """After the lines that go on with a value: indented, or of a list that is not."""
    end = at + 1
    while end < len(lines) and re.match(r"\s+\S|- |\]", lines[end]):
        end += 1
    return end


def _rounded(pixel: float) -> float:
    return round(float(pixel), 1)


def _pixel(pixel: float) -> str:
    return f"{_rounded(pixel):g}"
