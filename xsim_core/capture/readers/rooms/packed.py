"""Gaussians as viewers and phones pack them: ``.compressed.ply``, ``.splat`` and ``.spz``.

Written from what writes them: PlayCanvas's splat-transform 2.7.1 and gsplat 1.5.3 (chunks of 256
Gaussians, between the least and the largest of each 11, 10 and 11 bits of place and scale, 8 bits
of colour and opacity, the smallest three of a quaternion in 10 bits), antimatter15's viewer (32
bytes a Gaussian), and Niantic's ``load-spz.cc`` (2025: of versions 1 to 3 one gzip stream, of 4 a
zstd frame an attribute). ``.spz`` counts right, up, back where a ``.ply`` counts right, down, front
(its README); it is brought to the ``.ply``'s axes, as splat-transform does.
"""

import gzip
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

SUFFIXES = (".splat", ".spz")
MEND = "Export it again, or bring the .ply (npx @playcanvas/splat-transform room.spz room.ply)."
MAX_GAUSSIANS = 3_000_000
CHUNK = 256
SH_C0 = 0.28209479177387814
EPS = 1e-6
SPZ_MAGIC, SPZ_SCALE, SPZ_COLOUR = b"NGSP", 16.0, 0.15
SPZ_HEADER, SPZ_HEADER_4 = 16, 32
RUB_TO_RDF = np.array([1.0, -1.0, -1.0])
_CHUNK_NAMES = tuple(
    f"{end}_{what}"
    for whats in (("x", "y", "z"), ("scale_x", "scale_y", "scale_z"), ("r", "g", "b"))
    for end in ("min", "max")
    for what in whats
)
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")


def is_compressed_ply(head: bytes) -> bool:
    """Whether a PLY's first bytes say that its Gaussians are in chunks."""
    return b"\nelement chunk " in head and b"packed_position" in head


def read_compressed_ply(path: Path) -> Columns:
    """Columns as a plain ``.ply`` of Gaussians has them, each (g,).

    Raises:
        BadInputError: when it is damaged, too large, or laid out otherwise.
    """
    data = path.read_bytes()
    head, end, body = data.partition(b"end_header\n")
    parts = re.findall(rb"element (\w+) (\d+)\n((?:property [^\n]+\n)*)", head)
    names = [[p.split()[-1].decode() for p in part.splitlines()] for _, _, part in parts]
    counts = [int(count) for _, count, _ in parts[:2]]
    is_laid_out = [kind for kind, _, _ in parts[:2]] == [b"chunk", b"vertex"]
    if not end or not is_laid_out or names[0] not in _chunks() or tuple(names[1]) != _PACKED:
        raise BadInputError(f"{path} is laid out as no compressed .ply that we know. {MEND}")
    num_chunks, n = counts
    if not 0 < n <= MAX_GAUSSIANS or num_chunks != -(-n // CHUNK):
        raise BadInputError(f"{path} holds {n} Gaussians in {num_chunks} chunks. {MEND}")
    width = len(names[0])
    if len(body) < 4 * (num_chunks * width + 4 * n):
        raise BadInputError(f"{path} ends before its {n} Gaussians do: copy it again")
    chunks = np.frombuffer(body, "<f4", num_chunks * width).reshape(num_chunks, width)
    packed = np.frombuffer(body, "<u4", 4 * n, 4 * num_chunks * width).reshape(n, 4)
    bounds = np.repeat(chunks.astype(np.float64), CHUNK, axis=0)[:n]
    colour = _bits(packed[:, 3], (8, 8, 8, 8))
    rgb = colour[:, :3]
    if width == len(_CHUNK_NAMES):
        rgb = _between(rgb, bounds[:, 12:18])
    return _columns(
        means=_between(_bits(packed[:, 0], (11, 10, 11)), bounds[:, :6]),
        logs=_between(_bits(packed[:, 2], (11, 10, 11)), bounds[:, 6:12]),
        quats=_smallest_three(packed[:, 1]),
        sh0=(rgb - 0.5) / SH_C0,
        opacities=colour[:, 3],
    )


def read_splat(path: Path) -> Columns:
    """Columns of antimatter15's ``.splat``, as ``read_compressed_ply`` answers them.

    Raises:
        BadInputError: when its size is none, or it is too large.
    """
    size = path.stat().st_size
    if size == 0 or size % 32 or size > 32 * MAX_GAUSSIANS:
        raise BadInputError(
            f"{path} has {size} bytes; a .splat has 32 for each of 1 to {MAX_GAUSSIANS} Gaussians"
        )
    row = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)])
    table = np.fromfile(path, row)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(table["scale"].astype(np.float64))
    return _columns(
        means=table["mean"].astype(np.float64),
        logs=logs,
        quats=(table["quat"] - 128.0) / 128,
        sh0=(table["rgba"][:, :3] / 255 - 0.5) / SH_C0,
        opacities=table["rgba"][:, 3] / 255,
    )


def read_spz(path: Path) -> Columns:
    """Columns of Niantic's ``.spz``, versions 2 to 4, on the axes of a ``.ply``.

    Raises:
        BadInputError: when it is damaged, too large, or of another version.
    """
    version, n, bits, parts = _spz_parts(path)
    shift = parts[0].reshape(n, 3, 3).astype(np.int64) @ [1, 1 << 8, 1 << 16]
    means = np.where(shift >= 1 << 23, shift - (1 << 24), shift) / float(1 << bits)
    if version == 2:
        xyz = parts[4].reshape(n, 3) / 127.5 - 1
        w = np.sqrt(np.maximum(0.0, 1 - (xyz**2).sum(axis=1)))
        quats = np.c_[w, xyz]
    else:
        quats = _spz_quats(parts[4].view("<u4"))
    return _columns(
        means=means * RUB_TO_RDF,
        logs=parts[3].reshape(n, 3) / SPZ_SCALE - 10,
        quats=quats * [1, *RUB_TO_RDF],
        sh0=(parts[2].reshape(n, 3) / 255 - 0.5) / SPZ_COLOUR,
        opacities=parts[1] / 255,
    )


def _spz_parts(path: Path) -> tuple[int, int, int, list[NDArray[np.uint8]]]:
    """Version, number, fractional bits; places, opacities, colours, scales and turns as bytes."""
    data = path.read_bytes()
    is_packed = data[:2] == b"\x1f\x8b"
    header = _gunzipped(data, SPZ_HEADER, path) if is_packed else data[:SPZ_HEADER_4]
    if header[:4] != SPZ_MAGIC or len(header) < (SPZ_HEADER if is_packed else SPZ_HEADER_4):
        raise BadInputError(f"{path} is no .spz: it begins with {data[:4]!r}. {MEND}")
    version, n = (int(x) for x in np.frombuffer(header, "<u4", 2, 4))
    if version not in ((2, 3) if is_packed else (4,)):
        raise BadInputError(f"{path} is a .spz of version {version}; 2 to 4 are read. {MEND}")
    if not 0 < n <= MAX_GAUSSIANS:
        raise BadInputError(f"{path} holds {n} Gaussians; 1 to {MAX_GAUSSIANS} are read")
    sizes = [9 * n, n, 3 * n, 3 * n, (3 if version == 2 else 4) * n]
    if is_packed:
        body = _gunzipped(data, SPZ_HEADER + sum(sizes), path)[SPZ_HEADER:]
        ends = np.cumsum(sizes)
        whole = [body[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    else:
        whole = _frames(data, header, sizes, path)
    if any(len(part) < size for part, size in zip(whole, sizes, strict=True)):
        raise BadInputError(f"{path} ends before its {n} Gaussians do: copy it again")
    return version, n, min(header[13], 23), [np.frombuffer(part, np.uint8) for part in whole]


def _gunzipped(data: bytes, size: int, path: Path) -> bytes:
    """At most so many bytes of a gzip stream."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, size)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise BadInputError(f"{path} is damaged ({error}). {MEND}") from error


def _frames(data: bytes, header: bytes, sizes: list[int], path: Path) -> list[bytes]:
    """The zstd frames of version 4, the first five of which are its attributes."""
    from backports import zstd

    count, at = header[15], int(np.frombuffer(header, "<u4", 1, 16)[0])
    table = data[at : at + 16 * count]
    if count < len(sizes) or len(table) < 16 * count:
        raise BadInputError(f"{path} names {count} attributes of its Gaussians. {MEND}")
    told = np.frombuffer(table, "<u8").reshape(count, 2)
    at += 16 * count
    parts: list[bytes] = []
    for (packed, _), size in zip(told.tolist(), sizes, strict=False):
        try:
            parts.append(zstd.ZstdDecompressor().decompress(data[at : at + packed], size))
        except zstd.ZstdError as error:
            raise BadInputError(f"{path} is damaged ({error}). {MEND}") from error
        at += packed
    return parts


def _columns(
    *, means: Floats, logs: Floats, quats: Floats, sh0: Floats, opacities: Floats
) -> Columns:
    inside = np.clip(opacities, EPS, 1 - EPS)
    return {
        **{name: means[:, i] for i, name in enumerate("xyz")},
        **{f"f_dc_{i}": sh0[:, i] for i in range(3)},
        "opacity": np.log(inside / (1 - inside)),
        **{f"scale_{i}": logs[:, i] for i in range(3)},
        **{f"rot_{i}": quats[:, i] for i in range(4)},
    }


def _chunks() -> tuple[list[str], list[str]]:
    """The columns of a chunk, with its colours' bounds and, of older writers, without."""
    return list(_CHUNK_NAMES), list(_CHUNK_NAMES[:12])


def _bits(words: NDArray[Any], widths: tuple[int, ...]) -> Floats:
    """Shares of one (g, k) of words (g,) of 32 bits, the first of them highest."""
    below = 32 - np.cumsum(widths)
    parts = [(words >> b) & ((1 << w) - 1) for b, w in zip(below.tolist(), widths, strict=True)]
    return np.stack([p / ((1 << w) - 1) for p, w in zip(parts, widths, strict=True)], axis=1)


def _between(shares: Floats, bounds: Floats) -> Floats:
    """Of bounds (g, 6): three least, three largest."""
    return bounds[:, :3] + shares * (bounds[:, 3:] - bounds[:, :3])


def _smallest_three(words: NDArray[Any]) -> Floats:
    """Quaternions (g, 4) of 2 bits for the largest, in the file's order, and 10 a component."""
    others = (_bits(words, (2, 10, 10, 10))[:, 1:] - 0.5) * np.sqrt(2)
    return _with_largest(words >> 30, others)


def _spz_quats(words: NDArray[Any]) -> Floats:
    """Quaternions (g, 4), w first, of 2 bits for the largest and sign and 9 bits a component."""
    fields = np.stack([(words >> shift) & 1023 for shift in (20, 10, 0)], axis=1)
    others = np.where(fields & 512, -1.0, 1.0) * (fields & 511) / 511 * np.sqrt(0.5)
    return _with_largest(words >> 30, others)[:, [3, 0, 1, 2]]


def _with_largest(largest: NDArray[Any], others: Floats) -> Floats:
    rest = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[largest]
    quats = np.zeros((len(others), 4))
    np.put_along_axis(quats, rest, others, axis=1)
    top = np.sqrt(np.maximum(0.0, 1 - (others**2).sum(axis=1)))
    np.put_along_axis(quats, largest[:, None].astype(np.int64), top[:, None], axis=1)
    return quats
