"""Pictures of calibration: pairs side by side, and features before and after."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.pictures import (
    FAILURE_RGB,
    SUCCESS_RGB,
    enlarged,
    evenly_spaced,
    figure_bytes,
    grid,
    png_bytes,
)

from .pairs import Pairs


def pair_mosaic(
    pairs: Pairs, trusted: NDArray[np.bool_], *, rows: int = 6, columns: int = 4, scale: int = 2
) -> bytes:
    """Real beside simulated frames, framed green where the pair was kept and red where not."""
    tiles = []
    for i in evenly_spaced(len(pairs), rows * columns):
        both = enlarged(np.concatenate([pairs.real[i], pairs.sim[i]], axis=1), scale)
        tile = np.empty((both.shape[0] + 8, both.shape[1] + 8, 3), np.uint8)
        tile[:] = SUCCESS_RGB if trusted[i] else FAILURE_RGB
        tile[4:-4, 4:-4] = both
        tiles.append(tile)
    return png_bytes(grid(np.stack(tiles), columns=columns))


def feature_plot(
    before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor], rollout: NDArray[np.int64]
) -> bytes:
    """First two principal components of (real, sim) features, before and after, as PNG.

    Frames of one rollout are joined: aligned encoders draw the two curves on top of each other.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    for axes, title, (real, sim) in zip(
        figure.subplots(1, 2), ("before", "after"), (before, after), strict=True
    ):
        _draw_components(axes, real.numpy(), sim.numpy(), rollout)
        axes.set(title=f"encoder features {title} calibration", xticks=[], yticks=[])
    figure.axes[0].legend(loc="best", fontsize=8)
    return figure_bytes(figure)


def _draw_components(
    axes: Any, real: NDArray[np.float32], sim: NDArray[np.float32], rollout: NDArray[np.int64]
) -> None:
    both = np.concatenate([real, sim])
    both = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    centred = both - both.mean(axis=0)
    _, _, axes_of_variance = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ axes_of_variance[:2].T
    for r in np.unique(rollout):
        of = np.flatnonzero(rollout == r)
        first = r == rollout.min()
        for points, colour, label in (
            (flat[of], "tab:red", "real"),
            (flat[len(real) + of], "tab:blue", "simulation"),
        ):
            axes.plot(
                points[:, 0],
                points[:, 1],
                "-o",
                ms=2.5,
                lw=0.8,
                color=colour,
                alpha=0.7,
                label=label if first else None,
            )
