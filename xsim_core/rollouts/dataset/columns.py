"""Columns of a dataset that say how each of its episodes went: outcome, start, times, depth."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import check_encoded
from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go
from xsim_core.importers.lerobot.grids import grids
from xsim_core.importers.lerobot.layout import Feature, Layout
from xsim_core.importers.lerobot.pictures import encoded
from xsim_core.importers.lerobot.rows import Rows, columns, data_files
from xsim_core.robots.recording import picture_wh

OUTCOMES, SEED, TIME = ("outcome", "next.success"), "seed", "picture_time_s"
DEPTHS = ("depth_mm", "observation.depth_mm")


def column(layout: Layout, rows: Rows, name: str) -> NDArray[Any] | None:
    """(n,) a number of each row; None where there is no such column.

    Raises:
        BadInputError: where it holds several, or none of finite value.
    """
    if name not in layout.features:
        return None
    values = columns(data_files(layout), [name])[name]
    if values.ndim != 2 or values.shape[1] != 1 or values.dtype.kind not in "fiub":
        raise BadInputError(f"{layout.folder}: '{name}' is not one number a row.")
    if not np.isfinite(values).all():
        raise BadInputError(f"{layout.folder}: '{name}' is no number in some row.")
    found = np.empty(len(rows.episode), values.dtype)
    is_taken = rows.place >= 0
    found[rows.place[is_taken]] = values[is_taken, 0]
    return found


def episodes_of(rows: Rows) -> Iterator[slice]:
    """The rows of each episode."""
    ends = rows.episode_ends.tolist()
    return (slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))


def outcomes(layout: Layout, rows: Rows, pick: str, notes: list[str]) -> NDArray[np.int8] | None:
    """(e,) 1, 0 or -1 (unknown); None where no column says.

    Raises:
        BadInputError: where the column that was picked is not there, or holds other numbers.
    """
    name = pick or next((n for n in OUTCOMES if n in layout.features), "")
    if not name:
        notes.append(
            "no column says which episodes succeeded (next.success, or one picked as outcome): "
            "evaluate, which counts them, cannot use them"
        )
        return None
    values = column(layout, rows, name)
    if values is None:
        raise BadInputError(
            f"{layout.folder} has no column '{name}'; it has {', '.join(layout.features)}."
        )
    if not np.isin(values, (-1, 0, 1)).all():
        other = values[~np.isin(values, (-1, 0, 1))][0]
        raise BadInputError(
            f"{layout.folder}: '{name}' is {other} in some row. An outcome is 1, 0 or -1 (unknown)."
        )
    notes.append(f"an episode succeeded where '{name}' is 1 in any of its rows")
    own = [values[part] for part in episodes_of(rows)]
    return np.array([1 if (v == 1).any() else -1 if (v == -1).all() else 0 for v in own], np.int8)


def seeds(layout: Layout, rows: Rows, notes: list[str]) -> list[int] | None:
    """e, of the starts; None where no column says.

    Raises:
        BadInputError: where a seed changes within an episode, or is no whole number.
    """
    values = column(layout, rows, SEED)
    if values is None:
        notes.append(f"no column '{SEED}': nothing says which start each began from, or pairs them")
        return None
    own = [np.unique(values[part]) for part in episodes_of(rows)]
    if values.dtype.kind not in "iu" or any(len(v) > 1 for v in own):
        raise BadInputError(f"{layout.folder}: '{SEED}' is not one whole number an episode.")
    return [int(v[0]) for v in own]


def picture_times(layout: Layout, rows: Rows) -> NDArray[np.float64] | None:
    """(n,) seconds since the episode's first picture; None where a row is a control step.

    Raises:
        BadInputError: where they do not increase from 0.
    """
    values = column(layout, rows, TIME)
    if values is None:
        return None
    for part in episodes_of(rows):
        if values[part][0] != 0 or (np.diff(values[part]) <= 0).any():
            raise BadInputError(
                f"{layout.folder}: '{TIME}' does not increase from 0 in each episode."
            )
    return values.astype(np.float64)


def depth(
    layout: Layout, rows: Rows, pick: str, hw: tuple[int, int], notes: list[str]
) -> NDArray[np.uint16] | None:
    """(n, h, w) millimetres, aligned to the pictures; None where there is none that is understood.

    Raises:
        BadInputError: where what was picked is not of this size and kind.
    """
    name = pick or next((n for n in DEPTHS if n in layout.features), "")
    if not name:
        notes.append("no depth was recorded: calibrate, which tracks the object, cannot use them")
        return None
    feature = layout.features.get(name)
    if feature is None:
        raise BadInputError(
            f"{layout.folder} has no feature '{name}'; it has {', '.join(layout.features)}."
        )
    found, n = empty((len(rows.episode), *hw), np.uint16), 0
    for i, picture in enumerate(_depths(layout, feature, hw)):
        row = int(rows.place[i]) if i < len(rows.place) else -1
        if row >= 0:
            found[row] = picture
            n += 1
            let_go(found)
    if n != len(found):
        raise BadInputError(f"{layout.folder}: {len(found) - n} rows have no '{name}'.")
    return found


def _depths(layout: Layout, feature: Feature, hw: tuple[int, int]) -> Iterator[NDArray[np.uint16]]:
    """Every row's, as the files have them."""
    if feature.dtype == "uint16" and feature.shape == hw:
        return (np.asarray(x, np.uint16) for x in grids(layout, feature.name, hw))
    if feature.dtype == "image" and feature.shape[:2] == hw:
        return _depth_pngs(layout, feature.name, hw)
    raise BadInputError(
        f"{layout.folder}: '{feature.name}' ({feature.dtype}, {list(feature.shape)}) is no depth "
        f"of its pictures: uint16 or 16-bit PNG, {hw[0]}x{hw[1]}, millimetres. Leave it out by "
        "naming another, or write it so."
    )


def _depth_pngs(layout: Layout, name: str, hw: tuple[int, int]) -> Iterator[NDArray[np.uint16]]:
    for source, data in encoded(layout, name):
        # Before it is unpacked: a few bytes may claim a gigabyte.
        if data is None or picture_wh(data) != hw[::-1]:
            raise BadInputError(f"{source}: a row of {name} is no PNG of {hw[1]}x{hw[0]}.")
        check_encoded(data, source)
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if image is None or image.dtype != np.uint16 or image.shape != hw:
            raise BadInputError(f"{source}: a row of {name} is no PNG of 16 bits and one channel.")
        yield np.asarray(image, np.uint16)
