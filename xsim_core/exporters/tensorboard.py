"""Learning curves as TensorBoard's event file, written without TensorFlow.

Format: records as TensorFlow's, each an ``Event`` of ``tensorflow/core/util/event.proto`` (fields
wall_time 1, step 2, file_version 3, summary 5); a number is a ``Summary.Value`` of
``tensorflow/core/framework/summary.proto`` (tag 1, simple_value 2).
"""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import StudentPolicy, TeacherPolicy

from .datasets.tf_records import field, record, varints
from .source import Source

STEPS = "env_steps"
"""The curve that says where the others' values belong; without it they are numbered from 1."""


def write(source: Source[TeacherPolicy | StudentPolicy], folder: Path) -> list[str]:
    """``events.out.tfevents.0.xsim``: a scalar for each curve and step; NaN is left out."""
    curves = source.artifact.arrays("curve")
    path = folder / "events.out.tfevents.0.xsim"
    path.write_bytes(b"".join(record(data) for data in events(curves)))
    return []


def events(curves: dict[str, NDArray[Any]]) -> Iterable[bytes]:
    """Serialised events of curves (t,): the file's version, then one for each step.

    The time of every event is 0: a curve is the same whenever it is written.
    """
    yield _event(0, field(3, b"brain.Event:2"))
    named = {name: np.asarray(values, dtype=np.float64) for name, values in curves.items()}
    length = max((len(values) for values in named.values()), default=0)
    steps = named.pop(STEPS, np.arange(1, length + 1))
    for i, step in enumerate(steps):
        told = [
            field(1, field(1, _tag(name).encode()) + _number(2, "<f", values[i]))
            for name, values in sorted(named.items())
            if i < len(values) and np.isfinite(values[i])
        ]
        if told:
            yield _event(int(step), field(5, b"".join(told)))


def _tag(name: str) -> str:
    """TensorBoard groups scalars by what stands before the first slash."""
    group, _, rest = name.partition("_")
    return f"{group}/{rest}" if rest and group in ("term", "train", "eval") else name


def _event(step: int, what: bytes) -> bytes:
    return _number(1, "<d", 0.0) + varints([2 << 3]) + varints([step]) + what


def _number(number: int, kind: str, value: float) -> bytes:
    """A field of eight bytes (wire type 1) or of four (5)."""
    return varints([number << 3 | {"<d": 1, "<f": 5}[kind]]) + struct.pack(kind, value)
