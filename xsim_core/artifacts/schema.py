"""What arrays a payload must hold, checked before every commit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xsim_core.errors import BadInputError


@dataclass(frozen=True)
class ArraySpec:
    """Shape contract of one array, or of a family of arrays when ``name`` ends in ``/*``."""

    name: str
    dtype: str
    """NumPy's name, or a kind: ``float``, ``int``, ``any``."""
    dims: str
    """Space-separated axes: numbers are fixed, names agree across a payload, ``...`` is free."""
    doc: str = ""
    optional: bool = False

    def matches(self, name: str) -> bool:
        """Whether this contract speaks about the array called ``name``."""
        if self.name.endswith("/*"):
            return name.startswith(self.name[:-1])
        return name == self.name


def check_arrays(
    specs: tuple[ArraySpec, ...], arrays: Mapping[str, Any], *, what: str
) -> dict[str, int]:
    """Check named arrays (anything with ``shape`` and ``dtype``); returns the sizes of named axes.

    Raises:
        BadInputError: for a missing, unexpected, mistyped or misshapen array.
    """
    sizes: dict[str, int] = {}
    for spec in specs:
        found = [n for n in arrays if spec.matches(n)]
        if not found and not spec.optional:
            has = ", ".join(sorted(arrays)) or "none"
            raise BadInputError(f"{what}: array '{spec.name}' is missing (has {has})")
        for name in found:
            _check_one(spec, name, arrays[name], sizes, what)
    strangers = sorted(n for n in arrays if not any(s.matches(n) for s in specs))
    if strangers:
        raise BadInputError(f"{what}: unexpected arrays {strangers}")
    return sizes


def _check_one(spec: ArraySpec, name: str, array: Any, sizes: dict[str, int], what: str) -> None:
    import numpy as np  # Here: refs and manifests are read without.

    dtype = np.dtype(array.dtype)
    kinds = {"float": "f", "int": "iu", "any": "biufU"}
    ok = dtype.kind in kinds[spec.dtype] if spec.dtype in kinds else dtype.name == spec.dtype
    if not ok:
        raise BadInputError(f"{what}: '{name}' has dtype {dtype.name}, expected {spec.dtype}")
    if spec.dims == "...":
        return
    dims = spec.dims.split()
    shape = tuple(int(s) for s in array.shape)
    if len(dims) != len(shape):
        raise BadInputError(f"{what}: '{name}' has shape {shape}, expected ({spec.dims})")
    for dim, size in zip(dims, shape, strict=True):
        wanted = int(dim) if re.fullmatch(r"\d+", dim) else sizes.setdefault(dim, size)
        if size != wanted:
            raise BadInputError(
                f"{what}: '{name}' has shape {shape}, expected ({spec.dims}) with {dim} = {wanted}"
            )
