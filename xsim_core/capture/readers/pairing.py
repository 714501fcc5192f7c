"""Which colour frame and which depth frame were taken together: by name, or by time."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

from .clock import mend_clock, to_seconds, unwrap_sorted
from .images import natural_key

ASSUMED_FPS = 30.0
PAIRING_FRACTION = 0.6
"""Colour and depth belong together if they are nearer than this share of a frame's duration."""

Floats = NDArray[np.float64]
Key = tuple[int, ...] | str


@dataclass(frozen=True)
class Pairs:
    """Indices of colour and depth frames that belong together, and when they were taken."""

    colour: list[int]
    depth: list[int]
    stamps_s: Floats


def pair_times(
    colour_s: Floats, depth_s: Floats, source: str, notes: list[str]
) -> list[tuple[int, int]]:
    """Indices (colour, depth) of frames taken together, each used once, in order of time.

    Raises:
        BadInputError: when none belong together, as when two clocks stamped them.
    """
    steps = [float(np.median(np.diff(t))) for t in (colour_s, depth_s) if len(t) > 1]
    period = min(steps, default=np.inf)
    pairs, used = [], -1
    for i, t in enumerate(colour_s):
        j = int(np.argmin(np.abs(depth_s - t)))
        is_mutual = i == int(np.argmin(np.abs(colour_s - depth_s[j])))
        if j > used and is_mutual and abs(depth_s[j] - t) <= PAIRING_FRACTION * period:
            pairs.append((i, j))
            used = j
    if not pairs:
        raise BadInputError(_no_pairs(colour_s, depth_s, source))
    for what, total in (("colour", len(colour_s)), ("depth", len(depth_s))):
        if total > len(pairs):
            notes.append(
                f"{what}: {total - len(pairs)} of {total} frames have no partner within "
                f"{1000 * PAIRING_FRACTION * period:.0f} ms and were dropped"
            )
    return pairs


def _no_pairs(colour_s: Floats, depth_s: Floats, source: str) -> str:
    ranges = [f"{t[0]:.3f} to {t[-1]:.3f} s" for t in (colour_s, depth_s)]
    text = (
        f"{source}: no depth frame was taken at the time of a colour frame: colour was taken from "
        f"{ranges[0]}, depth from {ranges[1]}."
    )
    apart = max(colour_s[0], depth_s[0]) - min(colour_s[-1], depth_s[-1])
    if apart > 60:
        text += (
            " Two different clocks stamped them, as when a camera without metadata support stamps "
            "one stream by the computer's clock. Record again with 'Global Time Enabled' on for "
            "both sensors (realsense-viewer: Advanced; realsense-ros: global_time_enabled), or "
            "update the camera's firmware and its kernel driver."
        )
    return text


def pair_files(colour: list[Path], depth: list[Path], times_file: Path, notes: list[str]) -> Pairs:
    """Pair the image files of an RGB-D folder by the numbers in their names, or by time.

    Args:
        colour: files in natural order, at least one.
        depth: likewise.
        times_file: one time a line, for each colour file; need not exist.
        notes: receives what was dropped or assumed.

    Raises:
        BadInputError: when the names or the times do not fit together.
    """
    folder = times_file.parent
    keys_c, keys_d = frame_keys(colour), frame_keys(depth)
    shared = sorted(set(keys_c) & set(keys_d), key=lambda k: natural_key(str(k)))
    if 2 * len(shared) >= min(len(colour), len(depth)):
        return _paired_by_name(times_file, (keys_c, keys_d), shared, colour, notes)
    if _are_times(colour) and _are_times(depth):
        return _paired_by_time(folder, colour, depth, notes)
    raise BadInputError(
        f"{folder}: {len(colour)} colour ({colour[0].name} …) and {len(depth)} depth images "
        f"({depth[0].name} …) cannot be paired: their names share too few numbers. Give frames "
        "taken together the same number."
    )


def _paired_by_name(
    times_file: Path,
    keys: tuple[list[Key], list[Key]],
    shared: list[Key],
    colour: list[Path],
    notes: list[str],
) -> Pairs:
    index = [{key: i for i, key in enumerate(k)} for k in keys]
    order = sorted(shared, key=lambda k: index[0][k])
    notes.extend(_dropped("colour", keys[0], shared) + _dropped("depth", keys[1], shared))
    chosen = [index[0][k] for k in order], [index[1][k] for k in order]
    every = sorted({*keys[0], *keys[1]}, key=lambda k: natural_key(str(k)))
    if times_file.is_file():
        times = _read_times(times_file, notes)
        if len(times) == len(keys[0]):
            stamps = times[chosen[0]]
        elif len(times) == len(every):
            stamps = times[[every.index(k) for k in order]]
        else:
            raise BadInputError(
                f"{times_file} has {len(times)} lines for {len(keys[0])} colour images; it "
                "needs one for each"
            )
        return Pairs(*chosen, stamps)
    if _are_times(colour):
        stamps = _times_of([colour[i] for i in chosen[0]], notes)
        by_time = np.argsort(stamps)
        first, second = ([c[i] for i in by_time] for c in chosen)
        return Pairs(first, second, stamps[by_time])
    notes.append(f"no {times_file.name}: {ASSUMED_FPS:g} frames a second assumed")
    return Pairs(*chosen, _counted(order, every) / ASSUMED_FPS)


def _dropped(what: str, keys: list[Key], shared: list[Key]) -> list[str]:
    alone = [key for key in keys if key not in set(shared)]
    names = ", ".join(_shown(key) for key in alone[:10]) + (" …" if len(alone) > 10 else "")
    return [f"{what}: {len(alone)} without a partner, dropped: {names}"] if alone else []


def _paired_by_time(folder: Path, colour: list[Path], depth: list[Path], notes: list[str]) -> Pairs:
    t_c, t_d = (_times_of(files, notes) for files in (colour, depth))
    by_time = np.argsort(t_c), np.argsort(t_d)
    pairs = pair_times(t_c[by_time[0]], t_d[by_time[1]], str(folder), notes)
    first, second = ([int(by_time[k][pair[k]]) for pair in pairs] for k in (0, 1))
    return Pairs(first, second, t_c[first])


def frame_keys(files: list[Path]) -> list[Key]:
    """What tells the frames of a folder apart: the numbers that change, or the whole names.

    Raises:
        BadInputError: when two have the same.
    """
    stems = [file.stem for file in files]
    groups = [tuple(map(int, re.findall(r"\d+", stem))) for stem in stems]
    skeletons = {re.sub(r"\d+", "#", stem) for stem in stems}
    keys: list[Key] = list(stems)
    if len(skeletons) == 1:
        table = np.array(groups, dtype=object).reshape(len(files), -1)
        changing = [j for j in range(table.shape[1]) if len(set(table[:, j])) > 1]
        keys = [tuple(row[j] for j in changing) for row in groups]
    if len(set(keys)) < len(keys):
        twice = next(k for k in keys if keys.count(k) > 1)
        same = ", ".join(f.name for f, k in zip(files, keys, strict=True) if k == twice)
        raise BadInputError(f"{files[0].parent}: {same} have the same number")
    return keys


def _counted(order: list[Key], every: list[Key]) -> Floats:
    """Frame numbers from 0 in steps of one; a frame that was dropped leaves its gap."""
    if all(isinstance(k, tuple) and len(k) == 1 for k in every) and len(every) > 1:
        numbers = np.array([k[0] for k in every], dtype=float)
        step = float(np.median(np.diff(numbers)))
        return (np.array([k[0] for k in order], dtype=float) - numbers[0]) / step
    return np.array([every.index(k) for k in order], dtype=float)


def _are_times(files: list[Path]) -> bool:
    """Whether names are times; ``0000000012`` is a padded number, as KITTI's."""
    return all(re.fullmatch(r"\d+\.\d+|[1-9]\d{9,18}", file.stem) for file in files)


def _times_of(files: list[Path], notes: list[str]) -> Floats:
    """Times that the names tell, of files in the order of their names."""
    source = f"{files[0].parent} (names)"
    stamps = to_seconds(np.array([float(file.stem) for file in files]), source, notes)
    stamps = unwrap_sorted(stamps, source, notes)
    mend_clock(np.sort(stamps), source, notes)
    return stamps


def times_of_file(path: Path, num_frames: int, notes: list[str]) -> Floats:
    """The time of each frame (t,) in seconds, from a file with one a line.

    Raises:
        BadInputError: when it has another number of lines, or times that cannot be.
    """
    times = _read_times(path, notes)
    if len(times) != num_frames:
        raise BadInputError(
            f"{path} has {len(times)} lines for {num_frames} frames; it needs one for each"
        )
    return times


def _read_times(path: Path, notes: list[str]) -> Floats:
    """One time a line, in whatever unit, rising; more columns are names or frame numbers."""
    stamps, lines = [], []
    for number, line in enumerate(read_text(path, notes).splitlines(), 1):
        columns = line.split("#")[0].replace(",", " ").split()
        if not columns:
            continue
        try:
            stamps.append(float(columns[0]))
        except ValueError as error:
            raise BadInputError(
                f"{path}: line {number} is '{line.strip()[:60]}'; it must begin with a time in "
                "seconds"
            ) from error
        lines.append(number)
    if not stamps:
        raise BadInputError(f"{path} holds no times: it needs one a line, in seconds")
    seconds = to_seconds(np.array(stamps), str(path), notes)
    return mend_clock(seconds, str(path), notes, lines=lines)


def _shown(key: Key) -> str:
    return key if isinstance(key, str) else ".".join(map(str, key))
