"""What Gaussian splatting viewers read: binary PLY with the reference code's columns."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

FLAT_LOG_SCALE = np.float32(np.log(1e-5))
"""Thickness given to discs so that viewers for 3D Gaussians show them too."""

COLUMNS = (
    "x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
    "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3",
)  # fmt: skip


def encode_ply(arrays: dict[str, NDArray[np.float32]], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """The Gaussians of a ``SplatScene`` as PLY bytes.

    Args:
        arrays: ``means`` (g, 3), ``quats_wxyz`` (g, 4), ``scales`` (g, 2), ``opacities`` (g,) and
            ``sh0`` (g, 3). In the file opacities are logits and scales are logarithms.
        columns: names and order of the file's; those that the arrays say nothing of are zero.
    """
    n = len(arrays["means"])
    opacities = np.clip(arrays["opacities"], 1e-6, 1 - 1e-6)
    filled = {
        **dict(zip("xyz", arrays["means"].T, strict=True)),
        **{f"f_dc_{i}": x for i, x in enumerate(arrays["sh0"].T)},
        "opacity": np.log(opacities / (1 - opacities)),
        **{f"scale_{i}": x for i, x in enumerate(np.log(arrays["scales"]).T)},
        "scale_2": np.full(n, FLAT_LOG_SCALE),
        **{f"rot_{i}": x for i, x in enumerate(arrays["quats_wxyz"].T)},
    }
    table = np.stack([filled.get(c, np.zeros(n)) for c in columns], axis=1)
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {n}"]
    header += [f"property float {name}" for name in columns] + ["end_header", ""]
    return "\n".join(header).encode() + table.astype("<f4").tobytes()


def decode_ply(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The arrays that ``encode_ply`` was given; columns may come in any order.

    Raises:
        BadInputError: when this is no binary PLY of float columns with Gaussians in it.
    """
    head, _, body = data.partition(b"end_header\n")
    lines = head.decode("ascii", errors="replace").split("\n")
    names = [line.split()[2] for line in lines if line.startswith("property float ")]
    counts = [int(line.split()[2]) for line in lines if line.startswith("element vertex ")]
    missing = set(COLUMNS) - set(names) - {"nx", "ny", "nz", "scale_2"}
    is_binary = "format binary_little_endian 1.0" in lines
    if missing or len(counts) != 1 or not is_binary or len(body) < 4 * counts[0] * len(names):
        raise BadInputError(
            "not a binary little-endian PLY of Gaussians: columns missing "
            f"{sorted(missing) or 'none'}, {len(body)} bytes of data for {counts} rows"
        )
    table = np.frombuffer(body, "<f4", counts[0] * len(names)).reshape(counts[0], len(names))
    column = dict(zip(names, table.T, strict=True))

    def take(prefix: str, count: int) -> NDArray[np.float32]:
        return np.stack([column[f"{prefix}_{i}"] for i in range(count)], -1)

    return {
        "means": np.stack([column["x"], column["y"], column["z"]], -1),
        "quats_wxyz": take("rot", 4),
        "scales": np.exp(take("scale", 2)),
        "opacities": np.asarray(1 / (1 + np.exp(-column["opacity"])), np.float32),
        "sh0": take("f_dc", 3),
    }
