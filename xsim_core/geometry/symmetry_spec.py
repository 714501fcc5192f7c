"""How an object can be turned without looking any different, as a value that summaries can hold.

Summaries of artifacts hold one: whoever only looks at artifacts imports this, and no NumPy.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import Field, field_validator, model_validator

from xsim_core.config import FrozenModel, Vec3

from .tag_spec import Matrix4

MAX_DISCRETE = 120
"""No solid but those about an axis has more than 60 proper rotations."""
_BOP = {"symmetries_discrete": "discrete", "symmetries_continuous": "continuous"}


class SymmetryAxis(FrozenModel):
    """A line about which every turn looks the same, object frame."""

    axis: Vec3
    """Its direction; of any length but 0."""
    offset: Vec3 = (0.0, 0.0, 0.0)
    """A point on it, metres."""

    @field_validator("axis")
    @classmethod
    def _has_direction(cls, axis: Vec3) -> Vec3:
        length = math.hypot(*axis)
        if not length > 1e-9:
            raise ValueError("axis (0, 0, 0) has no direction")
        return axis[0] / length, axis[1] / length, axis[2] / length


class ObjectSymmetry(FrozenModel):
    """Proper rotations that bring the object onto itself, object frame.

    Read in this project's words, in metres, and in those of BOP's ``models_info.json``, in
    millimetres: ``symmetries_discrete`` (16 numbers each, by rows) and ``symmetries_continuous``.
    """

    discrete: tuple[Matrix4, ...] = Field(default=(), max_length=MAX_DISCRETE)
    """(4, 4) each; the identity need not be named."""
    continuous: tuple[SymmetryAxis, ...] = Field(default=(), max_length=3)
    """Two axes are those of a ball: no turn about where they meet shows."""
    source: Literal["declared", "found"] = "declared"

    @model_validator(mode="before")
    @classmethod
    def _of_bop(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not data.keys() & _BOP.keys():
            return cast("Any", data)
        found = dict(cast("Mapping[str, Any]", data))
        if both := sorted(set(_BOP.values()) & found.keys()):
            raise ValueError(f"'{both[0]}' is in metres, BOP's spelling in millimetres: take one")
        try:
            discrete = [_metres(rows) for rows in found.pop("symmetries_discrete", ())]
            axes = [
                {"axis": one["axis"], "offset": [float(x) / 1000 for x in one["offset"]]}
                for one in found.pop("symmetries_continuous", ())
            ]
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                "symmetries_discrete is a list of 16 numbers each, symmetries_continuous a list of "
                "{axis: [x, y, z], offset: [x, y, z]}, as in BOP's models_info.json"
            ) from error
        return {**found, "discrete": discrete, "continuous": axes}

    @field_validator("discrete")
    @classmethod
    def _are_turns(cls, discrete: tuple[Matrix4, ...]) -> tuple[Matrix4, ...]:
        for T in discrete:
            if len(T) != 4 or any(len(row) != 4 for row in T) or T[3] != (0.0, 0.0, 0.0, 1.0):
                raise ValueError("a discrete symmetry is a 4x4 matrix, its last row 0 0 0 1")
            rows = [row[:3] for row in T[:3]]
            dots = [sum(a * b for a, b in zip(p, q, strict=True)) for p in rows for q in rows]
            is_unit = all(abs(d - (k % 4 == 0)) < 1e-3 for k, d in enumerate(dots))
            (a, b, c), (d, e, f), (g, h, i) = rows
            determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
            if not is_unit or determinant < 0:
                raise ValueError("a discrete symmetry is a turn: no mirror, no other size")
        return discrete

    @property
    def is_any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.discrete or self.continuous)

    @property
    def words(self) -> str:
        """For people."""
        if len(self.continuous) > 1:
            return "a ball: no turn of it shows"
        axes = [", ".join(f"{x + 0:.2g}" for x in c.axis) for c in self.continuous]
        told = [f"any turn about ({axis})" for axis in axes]
        if self.discrete:
            told.append(f"{len(self.discrete)} turns more")
        return " and ".join(told) or "none"


def _metres(rows: Sequence[Any]) -> list[list[float]]:
    flat = [float(x) for x in rows]
    if len(flat) != 16:
        raise ValueError(len(flat))
    T = [flat[k : k + 4] for k in range(0, 16, 4)]
    return [[*row[:3], row[3] / 1000] for row in T[:3]] + [T[3]]
