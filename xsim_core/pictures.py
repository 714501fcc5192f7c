"""Pictures for people, as the bytes of their files."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUCCESS_RGB, FAILURE_RGB = (52, 160, 90), (200, 70, 60)
DPI = 110


def png_bytes(rgb: NDArray[np.uint8], *, compress_level: int = 6) -> bytes:
    """An (h, w, 3) image as PNG.

    Args:
        rgb: any strides.
        compress_level: of zlib, 0 to 9; 1 is several times quicker and some 10 % larger.
    """
    from PIL import Image

    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(rgb))
    image.save(buffer, "png", compress_level=compress_level)
    return buffer.getvalue()


def gif_bytes(frames: NDArray[np.uint8], *, fps: float, scale: int = 3) -> bytes:
    """Frames (t, h, w, 3) as an endless animated GIF, enlarged."""
    from PIL import Image

    images = [Image.fromarray(enlarged(f, scale, smooth=True)) for f in frames]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        "gif",
        save_all=True,
        append_images=images[1:],
        loop=0,
        duration=round(1000 / fps),
        optimize=False,
    )
    return buffer.getvalue()


def figure_bytes(figure: Any, *, dpi: int = DPI, is_tight: bool = True) -> bytes:
    """A matplotlib figure as PNG, cut to what is drawn unless its layout fills it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight" if is_tight else None)
    return buffer.getvalue()


def enlarged(rgb: NDArray[np.uint8], scale: int, *, smooth: bool = False) -> NDArray[np.uint8]:
    """An image (h, w, 3) ``scale`` times as large: each pixel a block, or bicubic."""
    if not smooth:
        return rgb.repeat(scale, axis=0).repeat(scale, axis=1)
    from PIL import Image

    h, w = rgb.shape[:2]
    return np.asarray(Image.fromarray(rgb).resize((w * scale, h * scale), Image.Resampling.BICUBIC))


def evenly_spaced(length: int, count: int) -> NDArray[np.int64]:
    """Indices (count,) from the first to the last of ``length``; some twice where there are few."""
    return np.linspace(0, length - 1, count).round().astype(np.int64)


def grid(tiles: NDArray[np.uint8], *, columns: int) -> NDArray[np.uint8]:
    """Tiles (n, h, w, 3) in rows, the last one filled up with black: (rows * h, columns * w, 3)."""
    _, h, w, _ = tiles.shape
    spare = np.zeros((-len(tiles) % columns, h, w, 3), np.uint8)
    rows = np.concatenate([tiles, spare]).reshape(-1, columns, h, w, 3)
    return rows.swapaxes(1, 2).reshape(-1, columns * w, 3)


def film_strip(
    episodes: Sequence[NDArray[np.uint8]],
    success: Sequence[bool] | None = None,
    *,
    num_frames: int = 8,
    scale: int = 2,
) -> NDArray[np.uint8]:
    """One row of evenly spaced frames an episode.

    Args:
        episodes: (t_i, h, w, 3) each.
        success: outcome of each episode, shown as a coloured edge; frames then keep their pixels
            and are set apart. Without it, they are joined and enlarged smoothly.
        num_frames: columns.
        scale: enlargement.

    Returns:
        (rows, columns, 3).
    """
    films = [frames[evenly_spaced(len(frames), num_frames)] for frames in episodes]
    if success is None:
        return np.concatenate([enlarged(np.hstack(list(f)), scale, smooth=True) for f in films])
    rows: list[NDArray[np.uint8]] = []
    for frames, ok in zip(films, success, strict=True):
        tiles = np.pad(frames, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
        strip = enlarged(grid(tiles, columns=num_frames), scale)
        edge = np.full((len(strip), 8, 3), SUCCESS_RGB if ok else FAILURE_RGB, np.uint8)
        rows.append(np.concatenate([edge, strip], axis=1))
    return np.concatenate(rows)


def loss_plot(
    losses: ArrayLike, *, title: str, window: int = 25, marks: Sequence[int] = ()
) -> bytes:
    """The loss against steps, raw and smoothed, on a logarithmic axis, as PNG.

    Args:
        losses: (n,).
        title: above.
        window: steps over which it is smoothed.
        marks: steps at which what is learnt from changed.
    """
    from matplotlib.figure import Figure

    losses = np.asarray(losses, float)
    figure = Figure(figsize=(6, 3))
    axes: Any = figure.subplots()
    axes.semilogy(np.arange(1, len(losses) + 1), losses, color="0.8", lw=0.7)
    if len(losses) > window:
        smooth = np.convolve(losses, np.ones(window) / window, mode="valid")
        axes.semilogy(np.arange(window, len(losses) + 1), smooth, color="tab:blue", lw=1.4)
    for step in marks:
        axes.axvline(step, color="tab:orange", lw=0.8, ls="--")
    axes.set(xlabel="step", ylabel="loss", title=title)
    axes.grid(visible=True, alpha=0.3)
    return figure_bytes(figure)
