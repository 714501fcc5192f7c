"""Pictures of training and of episodes, for people: PNG and GIF bytes."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUCCESS_RGB, FAILURE_RGB = (52, 160, 90), (200, 70, 60)


def film_strip(
    episodes: Sequence[NDArray[np.uint8]],
    success: Sequence[bool],
    *,
    num_frames: int = 8,
    scale: int = 2,
) -> NDArray[np.uint8]:
    """One row an episode, evenly spaced frames, a coloured edge for success or failure.

    Args:
        episodes: (t_i, h, w, 3) each.
        success: outcome of each episode.
        num_frames: columns.
        scale: enlargement, nearest neighbour.

    Returns:
        (rows, columns, 3).
    """
    rows = []
    for frames, ok in zip(episodes, success, strict=True):
        index = np.linspace(0, len(frames) - 1, num_frames).round().astype(int)
        tiles = [np.pad(frames[i], ((1, 1), (1, 1), (0, 0)), constant_values=255) for i in index]
        strip = np.concatenate(tiles, axis=1).repeat(scale, axis=0).repeat(scale, axis=1)
        edge = np.full((len(strip), 8, 3), SUCCESS_RGB if ok else FAILURE_RGB, np.uint8)
        rows.append(np.concatenate([edge, strip], axis=1))
    return np.concatenate(rows)


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """An (h, w, 3) image as PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "png")
    return buffer.getvalue()


def gif_bytes(frames: NDArray[np.uint8], *, fps: float, scale: int = 3) -> bytes:
    """Frames (t, h, w, 3) as an endless animated GIF."""
    from PIL import Image

    h, w = frames.shape[1:3]
    images = [
        Image.fromarray(f).resize((w * scale, h * scale), Image.Resampling.BICUBIC) for f in frames
    ]
    buffer = io.BytesIO()
    images[0].save(
        buffer, "gif", save_all=True, append_images=images[1:], loop=0,
        duration=round(1000 / fps), optimize=False,
    )  # fmt: skip
    return buffer.getvalue()


def figure_bytes(figure: Any) -> bytes:
    """A matplotlib figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    return buffer.getvalue()


def loss_plot(losses: ArrayLike, *, title: str, window: int = 25) -> bytes:
    """The loss against steps, raw and smoothed, on a logarithmic axis, as PNG."""
    from matplotlib.figure import Figure

    losses = np.asarray(losses, float)
    figure = Figure(figsize=(6, 3))
    axes = figure.subplots()
    axes.semilogy(np.arange(1, len(losses) + 1), losses, color="0.8", lw=0.7)
    if len(losses) > window:
        smooth = np.convolve(losses, np.ones(window) / window, mode="valid")
        axes.semilogy(np.arange(window, len(losses) + 1), smooth, color="tab:blue", lw=1.4)
    axes.set(xlabel="step", ylabel="loss", title=title)
    axes.grid(visible=True, alpha=0.3)
    return figure_bytes(figure)
