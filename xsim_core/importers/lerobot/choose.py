"""Which of a dataset's features become picture, state and action; the rest is told as left."""

from collections.abc import Sequence
from dataclasses import dataclass

from xsim_core.errors import BadInputError
from xsim_core.importers.config import Picks

from .layout import Feature, Layout

COUNTERS = ("timestamp", "frame_index", "episode_index", "index", "task_index")


@dataclass(frozen=True)
class Numbers:
    """Numbers of one feature."""

    feature: Feature
    places: tuple[int, ...]


@dataclass(frozen=True)
class Chosen:
    """What is read."""

    camera: Feature
    state: tuple[Numbers, ...]
    action: tuple[Numbers, ...]


def choose(layout: Layout, picks: Picks) -> Chosen:
    """What the picks mean in this dataset.

    Raises:
        BadInputError: for a feature or number that is not there, or that is none, and where there
            are several cameras and none is named.
    """
    return Chosen(
        _camera(layout, picks.camera),
        tuple(_numbers(layout, pick, "--state") for pick in picks.state),
        tuple(_numbers(layout, pick, "--action") for pick in picks.action),
    )


def names_of(numbers: Sequence[Numbers]) -> tuple[str, ...]:
    """What the joined numbers are called; with their feature's name where there are several."""
    return tuple(
        n.feature.numbers[i] if len(numbers) == 1 else f"{n.feature.name}:{n.feature.numbers[i]}"
        for n in numbers
        for i in n.places
    )


def told(layout: Layout, chosen: Chosen) -> list[str]:
    """What was picked and what was left, a sentence each."""
    notes = [f"pictures: {chosen.camera.name}"]
    for what, numbers in (("state", chosen.state), ("action", chosen.action)):
        sources = ", ".join(dict.fromkeys(n.feature.name for n in numbers))
        notes.append(f"{what}: {', '.join(names_of(numbers))} (of {sources})")
        unnamed = [n.feature.name for n in numbers if not n.feature.is_named]
        if unnamed:
            notes.append(f"the numbers of {', '.join(unnamed)} have no names there: counted from 0")
    used = {chosen.camera.name, *(n.feature.name for n in (*chosen.state, *chosen.action))}
    left = [name for name in layout.features if name not in used and name not in COUNTERS]
    for n in (*chosen.state, *chosen.action):
        left += [
            f"{n.feature.name}:{name}"
            for i, name in enumerate(n.feature.numbers)
            if not any(
                i in m.places for m in (*chosen.state, *chosen.action) if m.feature == n.feature
            )
        ]
    if left:
        notes.append(f"left: {', '.join(dict.fromkeys(left))}")
    return notes


def _camera(layout: Layout, name: str) -> Feature:
    cameras = [f for f in layout.features.values() if f.is_picture]
    listed = ", ".join(f.name for f in cameras) or "none"
    if name:
        found = [f for f in cameras if f.name in (name, f"observation.images.{name}")]
        if not found:
            raise BadInputError(f"{layout.folder} has no camera '{name}'; it has {listed}.")
        return found[0]
    if len(cameras) != 1:
        mend = "Pick one with --camera." if cameras else "The student sees: it needs pictures."
        raise BadInputError(f"{layout.folder} has {len(cameras)} cameras: {listed}. {mend}")
    return cameras[0]


def _numbers(layout: Layout, pick: str, option: str) -> Numbers:
    name, colon, wanted = pick.partition(":")
    feature = layout.features.get(name)
    vectors = [f for f in layout.features.values() if _is_vector(f) and f.name not in COUNTERS]
    if feature is None or not _is_vector(feature):
        listed = ", ".join(f.name for f in vectors) or "none"
        why = "is no vector of numbers" if feature is not None else "is not there"
        raise BadInputError(
            f"{layout.folder}: '{name}' {why}; those are {listed}. Name some with {option}."
        )
    if not colon:
        return Numbers(feature, tuple(range(feature.shape[0])))
    places = []
    for one in wanted.split(","):
        if one not in feature.numbers:
            raise BadInputError(
                f"{layout.folder}: {name} has no '{one}'; it has {', '.join(feature.numbers)}."
            )
        places.append(feature.numbers.index(one))
    return Numbers(feature, tuple(places))


def _is_vector(feature: Feature) -> bool:
    kinds = ("float", "int", "uint", "bool")
    is_row = len(feature.shape) == 1 and len(feature.numbers) == feature.shape[0] > 0
    return is_row and feature.dtype.startswith(kinds)
