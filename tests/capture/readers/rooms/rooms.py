"""Small rooms as flat Gaussians: a table, and a block that stands on it in the scan."""

import numpy as np

SH_C0 = 0.28209479177387814


def _discs(points, rgb):
    n = len(points)
    return {
        "means": points.astype(np.float32),
        "quats_wxyz": np.tile([1.0, 0, 0, 0], (n, 1)).astype(np.float32),
        "scales": np.full((n, 2), 0.012, np.float32),
        "opacities": np.full(n, 0.95, np.float32),
        "sh0": np.tile((np.array(rgb) - 0.5) / SH_C0, (n, 1)).astype(np.float32),
    }


def flat_room(apart_m=0.012):
    """A grey table of 1.2 by 1.2 m at height 0."""
    x, y = np.meshgrid(np.arange(-0.1, 1.1, apart_m), np.arange(-0.6, 0.6, apart_m))
    return _discs(np.stack([x, y, 0 * x], -1).reshape(-1, 3), (0.6, 0.5, 0.4))


def block_on_table():
    """The same without what the block covers, and the block's top, 6 cm up."""
    table = flat_room()
    off = np.abs(table["means"][:, :2] - [0.5, 0.0]).max(axis=1)
    kept = {name: values[off > 0.035] for name, values in table.items()}
    x, y = np.meshgrid(np.arange(-0.03, 0.031, 0.005), np.arange(-0.03, 0.031, 0.005))
    top = _discs(np.stack([0.5 + x, y, 0 * x + 0.06], -1).reshape(-1, 3), (0.9, 0.1, 0.1))
    return {name: np.concatenate([kept[name], top[name]]) for name in kept}
