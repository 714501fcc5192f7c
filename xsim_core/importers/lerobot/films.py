"""Frames of a film with the container's own times, decoded by imageio-ffmpeg's FFmpeg.

OpenCV 5.0's wheel decodes no AV1, which is what LeRobot writes; imageio-ffmpeg's reader would fill
a film of variable frame rate up with copies, so the program is asked to pass frames through.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import check_pixels
from xsim_core.errors import BadInputError

_FRAME = re.compile(rb"\[Parsed_showinfo[^\]]*\] n: *(\d+) .*?pts_time:(\S+) .*? s:\d+x\d+ ")
# The demuxer and protocol are named: a playlist in a film's place would open other files.
_INPUT = (
    "-hide_banner", "-nostdin", "-nostats", "-threads", "2", "-protocol_whitelist", "file",
    "-f", "mov",
)  # fmt: skip
_OUTPUT = (
    "-map", "0:v:0", "-vf", "showinfo=checksum=0,scale=flags=accurate_rnd+full_chroma_int+bicubic",
    "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
)  # fmt: skip
MEND = "Download or write the dataset again."


def film_frames(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Times in seconds and frames (h, w, 3) RGB of a film, in order.

    Raises:
        BadInputError: when it is missing or cannot be decoded.
    """
    if not path.is_file():
        raise BadInputError(f"{path} is missing. Download the dataset again, with its films.")
    with tempfile.TemporaryFile() as said:
        command = _command(path)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        ) as process:
            try:
                assert process.stdout is not None
                yield from _frames(process.stdout, said, path)
            finally:
                process.kill()


def _command(path: Path) -> list[str]:
    import imageio_ffmpeg

    return [imageio_ffmpeg.get_ffmpeg_exe(), *_INPUT, "-i", f"file:{path}", *_OUTPUT]


def _frames(
    stream: IO[bytes], said: IO[bytes], path: Path
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Frames as PPM, which tells their size; times as ``showinfo`` says them, before each frame."""
    lines, num_frames = _Lines(said), 0
    while header := stream.readline():
        width, height = _size(header, stream, path)
        check_pixels(height, width, str(path))
        data = stream.read(height * width * 3)
        time_s = lines.time_of(num_frames)
        if len(data) != height * width * 3 or time_s is None:
            raise BadInputError(f"{path}: frame {num_frames} cannot be decoded. {MEND}")
        yield time_s, np.frombuffer(data, np.uint8).reshape(height, width, 3)
        num_frames += 1
    if not num_frames:
        raise BadInputError(f"{path} cannot be decoded as a film ({lines.last()}). {MEND}")


def _size(header: bytes, stream: IO[bytes], path: Path) -> tuple[int, int]:
    try:
        if header != b"P6\n":
            raise ValueError(header)
        width, height = (int(n) for n in stream.readline().split())
        stream.readline()
    except ValueError as error:
        raise BadInputError(f"{path} cannot be decoded: {error!r}. {MEND}") from error
    return width, height


class _Lines:
    """What FFmpeg says, read as it is written.

    Read at places of its own (``pread``): FFmpeg writes where the file's one position stands, so
    moving that while it runs would have it write over its own lines.
    """

    def __init__(self, said: IO[bytes]) -> None:
        self._file, self._times, self._at, self._rest = said.fileno(), list[float](), 0, b""

    def time_of(self, frame: int) -> float | None:
        """The time of a frame that was already decoded; None when its line is not there."""
        if frame >= len(self._times):
            self._read()
        return self._times[frame] if frame < len(self._times) else None

    def last(self) -> str:
        """Its last line."""
        lines = self._from(0).decode(errors="replace").strip().splitlines()
        return lines[-1][-200:] if lines else "nothing was said"

    def _from(self, at: int) -> bytes:
        return os.pread(self._file, os.fstat(self._file).st_size - at, at)

    def _read(self) -> None:
        data = self._from(self._at)
        self._at += len(data)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        for line in whole.splitlines():
            # By its number: after a line that is missing, no time is taken for another frame's.
            if (found := _FRAME.search(line)) and int(found[1]) == len(self._times):
                self._times.append(float(found[2]))
