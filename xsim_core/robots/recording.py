"""Rollouts on the disk, a file each, that grows by a record with each step.

A record is its length, its checksum and a map of MessagePack (as on the wire; pictures as PNG). A
client that is killed leaves all records that it wrote whole; what comes after the last whole one is
not read. The names of a row are LeRobot's.
"""

import errno
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.serving.wire import pack, unpack

MAGIC = b"XSIMROL1"
_HEAD = struct.Struct("<II")
MAX_RECORD_BYTES = 64 << 20
Outcome = Literal["success", "failure", "stopped", "lost"]
"""Seen to succeed; not until the horizon; by the safety layer or a person; the link was gone."""


class RolloutWriter:
    """Appends to one file. Each record is with the system before ``append`` returns."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        """Begin a file.

        Raises:
            FileExistsError: where there is one: rollouts are never written over.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb", buffering=0)
        self._file.write(MAGIC)
        self._append({"type": "header"} | header)

    def step(
        self,
        row: dict[str, Any],
        rgb: NDArray[np.uint8] | None,
        depth_mm: NDArray[np.uint16] | None,
    ) -> None:
        """One row, with its pictures."""
        pictures: dict[str, Any] = {}
        if rgb is not None:
            pictures["observation.images.front.png"] = _png(rgb[..., ::-1])
        if depth_mm is not None:
            pictures["observation.depth_mm.png"] = _png(depth_mm)
        self._append({"type": "step"} | row | pictures)

    def end(self, outcome: Outcome, figures: dict[str, Any]) -> None:
        """The last record."""
        self._append({"type": "end", "outcome": outcome, "figures": figures})
        self.close()

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _append(self, record: dict[str, Any]) -> None:
        data = pack(record)
        # In one write: a record is there or not, but for a full disk or a power cut.
        whole = _HEAD.pack(len(data), zlib.crc32(data)) + data
        if self._file.write(whole) != len(whole):
            raise OSError(errno.ENOSPC, "the disk is full", self._file.name)


@dataclass(frozen=True)
class Rollout:
    """What a file holds."""

    header: dict[str, Any]
    steps: tuple[dict[str, Any], ...]
    outcome: Outcome | None
    """None where the client ended before it was known."""
    figures: dict[str, Any]
    num_lost_bytes: int
    """Behind the last whole record."""

    def rgb(self, i: int) -> NDArray[np.uint8]:
        """(h, w, 3) of a step."""
        return self._picture(i, "observation.images.front.png")[..., ::-1].copy()

    def depth_mm(self, i: int) -> NDArray[np.uint16]:
        """(h, w) of a step."""
        return self._picture(i, "observation.depth_mm.png")

    def _picture(self, i: int, name: str) -> NDArray[Any]:
        """A picture of a step.

        Raises:
            BadInputError: where it holds none, though it may tell a time of one.
        """
        png = self.steps[i].get(name)
        if not isinstance(png, bytes):
            raise BadInputError(f"step {i} of the rollout holds no '{name}'")
        return _image(png)


def read_rollout(path: Path) -> Rollout:
    """All that is whole of a file.

    Raises:
        BadInputError: when it is none, or not even its header is whole.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise BadInputError(f"{path} is no rollout of 'xsim robot run'.")
    records: list[dict[str, Any]] = []
    end = len(MAGIC)
    for record, end in _records(data):  # noqa: B007 the last one counts
        records.append(record)
    if not records or records[0].get("type") != "header":
        raise BadInputError(f"{path} ends before its header does.")
    last = records[-1] if records[-1].get("type") == "end" else {}
    steps = tuple(record for record in records if record.get("type") == "step")
    outcome, figures = last.get("outcome"), last.get("figures")
    return Rollout(
        records[0],
        steps,
        outcome if outcome in get_args(Outcome) else None,
        figures if isinstance(figures, dict) else {},
        len(data) - end,
    )


def _records(data: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Whole records, each with where it ends."""
    at = len(MAGIC)
    while at + _HEAD.size <= len(data):
        size, crc = _HEAD.unpack_from(data, at)
        begin, at = at + _HEAD.size, at + _HEAD.size + size
        body = data[begin:at]
        if size > MAX_RECORD_BYTES or len(body) < size or zlib.crc32(body) != crc:
            return
        yield unpack(body), at


def picture_wh(png: Any) -> tuple[int, int] | None:
    """Width and height that a PNG claims, read without unpacking it; None where it is none."""
    if not isinstance(png, bytes) or png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", png.ljust(24, b"\0"), 16)
    return width, height


def _png(image: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(".png", np.ascontiguousarray(image), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError("a picture that PNG cannot hold")
    return data.tobytes()


def _image(png: bytes) -> NDArray[Any]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise BadInputError("a picture of the rollout cannot be read")
    return image
