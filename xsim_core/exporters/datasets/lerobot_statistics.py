"""Statistics of a dataset's features as LeRobot's policies normalise with them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}


class Statistics:
    """min, max, mean, std, count and quantiles, over every row and every pixel, in float64."""

    def __init__(self) -> None:
        self._rows: dict[str, list[NDArray[np.float64]]] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._images: dict[str, int] = {}

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Take in rows (n, d) of a feature."""
        self._rows.setdefault(name, []).append(np.asarray(values, np.float64))

    def add_images(self, name: str, images: NDArray[np.uint8]) -> None:
        """Take in images (n, h, w, 3): as counts of each of 256 values, which are exact."""
        counts = self._counts.setdefault(name, np.zeros((3, 256), np.int64))
        for channel in range(3):
            counts[channel] += np.bincount(images[..., channel].ravel(), minlength=256)
        self._images[name] = self._images.get(name, 0) + len(images)

    def all(self) -> dict[str, dict[str, NDArray[Any]]]:
        """By feature: (d,) a statistic, of images (3, 1, 1) in [0, 1]; ``count`` is (1,)."""
        images = {n: _of_counts(c, self._images[n]) for n, c in self._counts.items()}
        return images | {n: _of_rows(np.concatenate(rows)) for n, rows in self._rows.items()}


def _of_rows(rows: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    return {
        "min": rows.min(0),
        "max": rows.max(0),
        "mean": rows.mean(0),
        "std": rows.std(0),
        "count": np.array([len(rows)]),
        **{name: np.quantile(rows, q, axis=0) for name, q in QUANTILES.items()},
    }


def _of_counts(counts: NDArray[np.int64], num_images: int) -> dict[str, NDArray[Any]]:
    levels, total = np.arange(256) / 255, counts.sum(1)
    mean = (counts @ levels) / total
    square = (counts * (levels - mean[:, None]) ** 2).sum(1) / total
    seen, passed = counts > 0, np.cumsum(counts, axis=1)
    found = {
        "min": levels[seen.argmax(1)],
        "max": levels[255 - seen[:, ::-1].argmax(1)],
        "mean": mean,
        "std": np.sqrt(square),
        **{
            name: levels[(passed >= np.ceil(q * total)[:, None]).argmax(1)]
            for name, q in QUANTILES.items()
        },
    }
    shaped = {name: values.reshape(3, 1, 1) for name, values in found.items()}
    return shaped | {"count": np.array([num_images])}
