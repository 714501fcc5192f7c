"""The numbers of a dataset's rows, in order, each where its metadata says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line
from xsim_core.importers.config import Picks

from .choose import Chosen, Numbers
from .layout import Layout

NEAR_FRAMES = 0.1
"""How far, in frames, a row's time may be from where the frame rate puts it: jitter of a camera,
and the rounding of float32, are less; a frame left out is ten times it."""


@dataclass(frozen=True)
class Rows:
    """Rows of the episodes that are taken, n of e episodes."""

    state: NDArray[np.float32]
    """(n, s)."""
    action: NDArray[np.float32]
    """(n, a)."""
    episode: NDArray[np.int64]
    """(n,) as the dataset counts them."""
    frame: NDArray[np.int64]
    """(n,) from 0 in each episode."""
    place: NDArray[np.int64]
    """(m,) of every row as the files have them: its row here, -1 where it is left."""
    instructions: list[str]
    """Of these rows."""

    @property
    def episode_ends(self) -> NDArray[np.int64]:
        """(e,) one past the last row of each episode."""
        changes = np.flatnonzero(np.diff(self.episode)) + 1
        return np.append(changes, len(self.episode)).astype(np.int64)


def data_files(layout: Layout) -> list[Path]:
    """The Parquet files with the rows.

    Raises:
        BadInputError: where there are none.
    """
    files = sorted((layout.folder / "data").rglob("*.parquet"))
    if not files:
        raise BadInputError(f"{layout.folder}/data holds no Parquet. Download the dataset again.")
    return files


def read_rows(layout: Layout, chosen: Chosen, picks: Picks) -> Rows:
    """The rows of the episodes that are picked.

    Raises:
        BadInputError: for rows that are missing or doubled, for times that are not of one rate, and
            for numbers that are none.
    """
    names = {n.feature.name for n in (*chosen.state, *chosen.action)}
    read = columns(data_files(layout), sorted(names | {"timestamp", *_COUNTS}))
    counts = {name: np.asarray(read[name]).reshape(-1).astype(np.int64) for name in _COUNTS}
    order = np.lexsort((counts["frame_index"], counts["episode_index"]))
    episode, frame = counts["episode_index"][order], counts["frame_index"][order]
    _check_whole(layout, episode, frame)
    _check_times(layout, np.asarray(read["timestamp"]).reshape(-1)[order], episode, frame)
    taken, instructions = _of_instruction(layout, counts["task_index"][order], episode, picks)
    if not taken.any():
        raise BadInputError(f"{layout.folder}: nothing is left of its episodes.")
    place = np.full(len(order), -1, np.int64)
    place[order[taken]] = np.arange(taken.sum())
    rows = order[taken]
    return Rows(
        _joined(layout, read, chosen.state, rows, episode[taken], frame[taken]),
        _joined(layout, read, chosen.action, rows, episode[taken], frame[taken]),
        episode[taken],
        frame[taken],
        place,
        instructions,
    )


_COUNTS = ("frame_index", "episode_index", "task_index")


def columns(files: list[Path], names: list[str]) -> dict[str, NDArray[Any]]:
    """Columns of all files, joined, as (m, d).

    Raises:
        BadInputError: where one is missing, lacks values, or differs in width.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for path in files:
        try:
            table = pq.ParquetFile(path).read(columns=names, use_threads=False)
            for name in names:
                parts[name].append(_array(table[name].combine_chunks()))
        except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
            raise BadInputError(
                f"{path} cannot be read as a dataset's rows: {one_line(error)}"
            ) from error
    try:
        return {name: np.concatenate(part) for name, part in parts.items()}
    except ValueError as error:
        raise BadInputError(
            f"{files[0].parent}: its files differ in width: {one_line(error)}"
        ) from error


def _array(column: Any) -> NDArray[Any]:
    """(m, d) of a column of lists, (m, 1) of one of numbers.

    Raises:
        ValueError: for rows of several widths, or without a value.
    """
    import pyarrow as pa

    if column.null_count:
        raise ValueError(f"{column.null_count} rows have no value")
    n = len(column)
    if pa.types.is_nested(column.type):
        flat = column.flatten()
        if flat.null_count or (n and len(flat) % n):
            raise ValueError("rows differ in width, or lack values")
        if not pa.types.is_fixed_size_list(column.type):
            widths = np.unique(np.diff(column.offsets.to_numpy()))
            if len(widths) > 1:
                raise ValueError(f"rows of widths {widths.tolist()}")
        return flat.to_numpy(zero_copy_only=False).reshape(n, -1)
    return column.to_numpy(zero_copy_only=False).reshape(n, 1)


def _check_whole(layout: Layout, episode: NDArray[np.int64], frame: NDArray[np.int64]) -> None:
    """Every episode has as many rows as the metadata says, counted without a gap."""
    found = dict(zip(*(x.tolist() for x in np.unique(episode, return_counts=True)), strict=True))
    for index in sorted(layout.lengths.keys() | found.keys()):
        has, said = found.get(index, 0), layout.lengths.get(index, 0)
        if has != said:
            raise BadInputError(
                f"{layout.folder}: episode {index} has {has} rows, its metadata says {said}: files "
                "are missing, or were written twice. Download the dataset again."
            )
    expected = np.concatenate([np.arange(found[i]) for i in sorted(found)])
    if (wrong := np.flatnonzero(frame != expected)).size:
        raise BadInputError(
            f"{layout.folder}: episode {episode[wrong[0]]} lacks or doubles a frame_index near "
            f"{frame[wrong[0]]}. Write the dataset again."
        )


def _check_times(
    layout: Layout, time_s: NDArray[Any], episode: NDArray[np.int64], frame: NDArray[np.int64]
) -> None:
    off = np.abs(time_s.astype(np.float64) * layout.fps - frame)
    if not (off <= NEAR_FRAMES).all():
        first = int(np.flatnonzero(~(off <= NEAR_FRAMES))[0])
        raise BadInputError(
            f"{layout.folder}: row {frame[first]} of episode {episode[first]} is at "
            f"{time_s[first]:.4f} s, at {layout.fps:g} frames a second it would be at "
            f"{frame[first] / layout.fps:.4f} s: the student's chunks are of one rate. Resample it."
        )


def _of_instruction(
    layout: Layout, task: NDArray[np.int64], episode: NDArray[np.int64], picks: Picks
) -> tuple[NDArray[np.bool_], list[str]]:
    """Which rows are taken, and their instructions."""
    known = layout.instructions
    if unknown := sorted(set(np.unique(task).tolist()) - known.keys()):
        raise BadInputError(f"{layout.folder}: its tasks do not list task_index {unknown[0]}.")
    listed = ", ".join(f"'{known[i]}'" for i in np.unique(task).tolist()[:20])
    for text in picks.instruction:
        if text not in known.values():
            raise BadInputError(f"{layout.folder} has no instruction '{text}'; it has {listed}.")
    texts = {i: known[i] for i in np.unique(task).tolist()}
    if not picks.instruction and len(texts) > 1:
        raise BadInputError(
            f"{layout.folder} holds {len(texts)} instructions: {listed}. The student reads none: "
            "name those that mean one task with --instruction."
        )
    wanted = [i for i, text in texts.items() if not picks.instruction or text in picks.instruction]
    taken = np.isin(task, wanted)
    split = np.intersect1d(episode[taken], episode[~taken])
    if split.size:
        raise BadInputError(
            f"{layout.folder}: episode {split[0]} changes its instruction halfway; it can be taken "
            "only whole. Name all of its instructions."
        )
    return taken, [texts[i] for i in wanted]


def _joined(
    layout: Layout,
    read: dict[str, NDArray[Any]],
    numbers: tuple[Numbers, ...],
    rows: NDArray[np.int64],
    episode: NDArray[np.int64],
    frame: NDArray[np.int64],
) -> NDArray[np.float32]:
    """(n, d) of the picked numbers, float32."""
    parts = []
    for n in numbers:
        values, name = read[n.feature.name], n.feature.name
        if values.shape[1] != n.feature.shape[0]:
            raise BadInputError(
                f"{layout.folder}: {name} has {values.shape[1]} numbers a row, info.json says "
                f"{n.feature.shape[0]}."
            )
        picked = values[rows][:, list(n.places)].astype(np.float32)
        if (bad := np.argwhere(~np.isfinite(picked))).size:
            row, column = bad[0]
            raise BadInputError(
                f"{layout.folder}: {name}:{n.feature.numbers[n.places[column]]} is "
                f"{picked[row, column]} in row {frame[row]} of episode {episode[row]}, and in "
                f"{len(bad)} places in all. Leave that number or those episodes out."
            )
        parts.append(picked)
    return np.concatenate(parts, axis=1)
