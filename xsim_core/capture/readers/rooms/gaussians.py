"""The Gaussian ``.ply`` of 3D and 2D Gaussian splatting, plain or packed, as flat Gaussians.

Columns as the reference codes' ``save_ply`` writes them (Kerbl et al. 2023, Huang et al. 2024):
opacities are logits, scales logarithms, quaternions w first and of any length, ``f_dc`` the
coefficients of degree 0. Those of higher degrees make colours depend on where one looks from; they
are left out, as all that reads a room here takes one colour a Gaussian. Mip-Splatting (Yu et al.
2024) writes a column ``filter_3D`` beside, a standard deviation by which every Gaussian is widened,
and fainter, before it is shown.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.errors import BadInputError
from xsim_core.geometry import matrix_to_quat_wxyz, quat_wxyz_to_matrix

from .packed import (
    MAX_GAUSSIANS,
    SUFFIXES as PACKED_SUFFIXES,
    is_compressed_ply,
    read_compressed_ply,
    read_splat,
    read_spz,
)

Arrays = dict[str, NDArray[np.float32]]
Floats = NDArray[np.float64]

MEND = "Export it as a binary .ply of Gaussians (nerfstudio: ns-export gaussian-splat)."
MAX_HEAD_BYTES = 1 << 16
TYPES = {
    "float": "<f4", "float32": "<f4", "double": "<f8", "float64": "<f8", "uchar": "u1",
    "uint8": "u1", "char": "i1", "int8": "i1", "ushort": "<u2", "uint16": "<u2", "short": "<i2",
    "int16": "<i2", "uint": "<u4", "uint32": "<u4", "int": "<i4", "int32": "<i4",
}  # fmt: skip
NEEDED = (
    "x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "rot_0", "rot_1",
    "rot_2", "rot_3",
)  # fmt: skip
SEEN = 1 / 255
"""Less opaque Gaussians change no picture."""
FLAT, SAID_SHARE = 0.3, 0.1
"""A Gaussian is flat whose third scale is less than this of its second."""


def holds_gaussians(path: Path) -> bool:
    """Whether a file is one of Gaussians, by its suffix or by how its ``.ply`` begins."""
    if path.suffix.lower() != ".ply" or not path.is_file():
        return path.suffix.lower() in PACKED_SUFFIXES and path.is_file()
    head = _head(path).replace(b"\r\n", b"\n")
    return head.startswith(b"ply") and (b" f_dc_0\n" in head or is_compressed_ply(head))


def read_gaussians(path: Path, notes: list[str]) -> Arrays:
    """``means`` and ``sh0`` (g, 3), ``quats_wxyz`` (g, 4), ``scales`` (g, 2), ``opacities`` (g,).

    In the file's own frame and lengths. Of three scales the two largest span the disc.

    Args:
        path: of the file.
        notes: receives what was left out or flattened.

    Raises:
        BadInputError: when it is damaged, too large, or holds no Gaussians.
    """
    with reading(path, MEND):
        read = _columns(path, notes)
    names = [n for n in read if n in NEEDED or n == "scale_2"]
    sound = np.asarray(np.isfinite(np.stack([read[n] for n in names])).all(axis=0))
    quats = np.stack([read[f"rot_{i}"] for i in range(4)], axis=1)
    lengths = np.linalg.norm(np.where(sound[:, None], quats, 1.0), axis=1)
    logs = np.stack([read[n] for n in ("scale_0", "scale_1", "scale_2") if n in read], axis=1)
    sound &= (lengths > 1e-9) & (np.abs(logs) < 40).all(axis=1)
    sound &= (np.abs(np.stack([read[n] for n in "xyz"])) < 1e6).all(axis=0)
    if (lost := int((~sound).sum())) > 0:
        notes.append(f"room: {lost} Gaussians of {path.name} hold no usable numbers, left out")
    scales = np.exp(np.clip(logs, -40, 40))
    opacities = 1 / (1 + np.exp(-np.clip(read["opacity"], -60, 60)))
    if "filter_3D" in read:
        sound &= np.isfinite(read["filter_3D"])
        scales, opacities = _widened(scales, opacities, np.where(sound, read["filter_3D"], 0.0))
    kept = np.flatnonzero(sound & (opacities > SEEN))
    if len(kept) == 0:
        raise BadInputError(f"{path} holds no Gaussian that could be seen. {MEND}")
    rest = [n for n in read if n.startswith("f_rest_")]
    if rest and max(float(np.abs(np.nan_to_num(read[n][kept])).max()) for n in rest) > 1e-3:
        notes.append(f"room: colours of {path.name} that depend on the direction are left out")
    discs, scales = _discs(quats[kept] / lengths[kept, None], scales[kept], path, notes)
    columns = {
        "means": np.stack([read[n][kept] for n in "xyz"], axis=1),
        "quats_wxyz": discs,
        "scales": scales,
        "opacities": opacities[kept],
        "sh0": np.stack([read[f"f_dc_{i}"][kept] for i in range(3)], axis=1),
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}


def _columns(path: Path, notes: list[str]) -> dict[str, Floats]:
    """What a ``.ply`` has for each Gaussian, each (g,), whatever the file is."""
    match path.suffix.lower():
        case ".splat":
            return read_splat(path)
        case ".spz":
            notes.append(f"room: {path.name} has y up (.spz); taken as its .ply, with y down")
            return read_spz(path)
        case _ if is_compressed_ply(_head(path)):
            return read_compressed_ply(path)
        case _:
            table = _table(path)
            return {name: np.asarray(table[name], np.float64) for name in table.dtype.names or ()}


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_HEAD_BYTES)


def _widened(scales: Floats, opacities: Floats, by: Floats) -> tuple[Floats, Floats]:
    """Gaussians (g, 3) as Mip-Splatting shows them: what they cover in all stays the same."""
    wide = np.sqrt(scales**2 + by[:, None] ** 2)
    return wide, opacities * np.prod(scales / wide, axis=1)


def _table(path: Path) -> NDArray[Any]:
    """The vertices as the header describes them."""
    head = _head(path)
    end = head.find(b"end_header\n")
    lines = head[: max(end, 0)].decode("ascii", errors="replace").split("\n")
    if end < 0 or "format binary_little_endian 1.0" not in lines:
        raise BadInputError(f"{path} is no binary little-endian PLY. {MEND}")
    elements = [i for i, line in enumerate(lines) if line.startswith("element ")]
    if not elements or not lines[elements[0]].startswith("element vertex "):
        raise BadInputError(f"{path} does not begin with its vertices. {MEND}")
    count = int(lines[elements[0]].split()[2])
    last = elements[1] if len(elements) > 1 else len(lines)
    fields = [line.split() for line in lines[elements[0] : last] if line.startswith("property ")]
    names = [field[-1] for field in fields]
    if missing := [n for n in NEEDED if n not in names]:
        raise BadInputError(f"{path} lacks the columns {', '.join(missing[:6])}. {MEND}")
    if not 0 < count <= MAX_GAUSSIANS:
        raise BadInputError(f"{path} holds {count} Gaussians; 1 to {MAX_GAUSSIANS} are read")
    if any(field[1] not in TYPES for field in fields):
        raise BadInputError(f"{path} has columns that are lists. {MEND}")
    row = np.dtype([(name, TYPES[field[1]]) for name, field in zip(names, fields, strict=True)])
    start = end + len(b"end_header\n")
    if path.stat().st_size < start + count * row.itemsize:
        raise BadInputError(f"{path} ends before its {count} Gaussians do: copy it again")
    return np.fromfile(path, row, count, offset=start)


def _discs(
    quats: NDArray[np.float64], scales: NDArray[np.float64], path: Path, notes: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quaternions whose first two axes span the disc, and its scales (g, 2)."""
    if scales.shape[1] == 2:
        return quats, scales
    order = np.argsort(-scales, axis=1, kind="stable")
    sorted_scales = np.take_along_axis(scales, order, axis=1)
    thick = float((sorted_scales[:, 2] > FLAT * sorted_scales[:, 1]).mean())
    if thick > SAID_SHARE:
        notes.append(
            f"room: {thick:.0%} of the Gaussians of {path.name} are not flat (3DGS): each is taken "
            "for the disc of its two longer axes"
        )
    axes = np.take_along_axis(quat_wxyz_to_matrix(quats), order[:, None, :], axis=2)
    axes[:, :, 2] *= np.sign(np.linalg.det(axes))[:, None]
    return matrix_to_quat_wxyz(axes), sorted_scales[:, :2]
