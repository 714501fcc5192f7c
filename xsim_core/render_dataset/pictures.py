"""What a person wants to see of a dataset: how much it varies, and one episode of it."""

import numpy as np
from numpy.typing import NDArray


def mosaic(first_frames: NDArray[np.uint8], *, columns: int = 8, rows: int = 5) -> bytes:
    """PNG of the first frame of many episodes.

    Args:
        first_frames: (e, h, w, 3).
        columns: of the mosaic.
        rows: of the mosaic, at most.
    """
    keep = first_frames[: columns * rows]
    spare = -len(keep) % columns
    _, h, w, _ = keep.shape
    tiles = np.concatenate([keep, np.zeros((spare, h, w, 3), np.uint8)])
    grid = tiles.reshape(-1, columns, h, w, 3).swapaxes(1, 2).reshape(-1, columns * w, 3)
    return _png(grid, scale=2)


def film_strip(rgb: NDArray[np.uint8], *, num_frames: int = 8) -> bytes:
    """PNG of an episode (t, h, w, 3) as a row of evenly spaced frames."""
    index = np.linspace(0, len(rgb) - 1, num_frames).round().astype(int)
    return _png(np.hstack(list(rgb[index])), scale=2)


def _png(rgb: NDArray[np.uint8], *, scale: int) -> bytes:
    import cv2

    large = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    ok, data = cv2.imencode(".png", large[..., ::-1])
    assert ok
    return data.tobytes()
