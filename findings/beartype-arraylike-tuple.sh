#!/usr/bin/env bash
# beartype 0.23.0 refuses tuples where numpy.typing.ArrayLike is asked for: (1.0, 2.0) raises, [1.0, 2.0] and a
# str pass.
#
# Package:  beartype 0.23.0, numpy 2.4.6
# Expected: ArrayLike, "objects that can be coerced into an ndarray", among them "(Nested) sequences" (its
#           docstring), accepts a tuple of floats, as np.asarray does.
# Seen:     a function checked by @beartype takes [1.0, 2.0], [(1.0, 2.0)], np.zeros(2) and "ab", and raises
#           BeartypeCallHintParamViolation for (1.0, 2.0) and ((1.0, 2.0),). ArrayLike's sequences are a
#           runtime protocol of numpy's that asks for __reversed__, which list has and tuple has not.
# Matters:  sizes, points and camera parameters are written as tuples everywhere; checking a library's
#           annotations at run time fails valid calls, and only those with a tuple outermost.
# Instead:  annotate such parameters ArrayLike | tuple, or check behind np.asarray, where there are arrays.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install beartype==0.23.0 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from beartype import beartype
from beartype.roar import BeartypeCallHintParamViolation
from numpy.typing import ArrayLike


@beartype
def as_array(values: ArrayLike) -> np.ndarray:
    return np.asarray(values)


def accepted(values):
    try:
        as_array(values)
    except BeartypeCallHintParamViolation:
        return False
    return True


print("beartype", version("beartype"), "- numpy", np.__version__)
print("expected: accepted, in every line")
seen = {}
for values in ([1.0, 2.0], [(1.0, 2.0)], np.zeros(2), "ab", (1.0, 2.0), ((1.0, 2.0),)):
    seen[repr(values)] = accepted(values)
    print(f"seen:     {values!r:16} {'accepted' if seen[repr(values)] else 'refused'}; an array of shape", end=" ")
    print(np.asarray(values).shape)
print("          tuple has __reversed__:", hasattr(tuple, "__reversed__"))
if seen["(1.0, 2.0)"] or seen["((1.0, 2.0),)"]:
    raise SystemExit("changed: tuples are array-like now")
if not all(answer for values, answer in seen.items() if values[0] != "("):
    raise SystemExit("changed: something else is refused as well")
print("holds: tuples alone are refused")
PY
