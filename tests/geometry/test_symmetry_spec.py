"""xsim_core/geometry/symmetry_spec.py: what is read, in whose words, and what is refused."""

import pytest
from pydantic import ValidationError

from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis

HALF_TURN = [[-1, 0, 0, 0.01], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_bops_spelling_is_in_millimetres():
    flat = [-1, 0, 0, 10, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    bop = {
        "symmetries_discrete": [flat],
        "symmetries_continuous": [{"axis": [0, 0, 2], "offset": [0, 5, 0]}],
    }
    ours = {
        "discrete": [HALF_TURN],
        "continuous": [{"axis": [0, 0, 1], "offset": [0, 0.005, 0]}],
    }
    assert ObjectSymmetry.model_validate(bop) == ObjectSymmetry.model_validate(ours)
    assert ObjectSymmetry.model_validate(bop).words == "any turn about (0, 0, 1) and 1 turns more"


def test_it_survives_a_manifest():
    given = ObjectSymmetry(discrete=(tuple(map(tuple, HALF_TURN)),), source="found")
    assert ObjectSymmetry.model_validate(given.model_dump(mode="json")) == given
    assert given.is_any
    assert not ObjectSymmetry().is_any


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"discrete": [[[-1, 0, 0, 0], *HALF_TURN[2:]]]}, "4x4 matrix"),
        ({"discrete": [[[-1, 0, 0, 0], [0, 1, 0, 0], *HALF_TURN[2:]]]}, "no mirror"),
        ({"discrete": [[[-2, 0, 0, 0], [0, -2, 0, 0], *HALF_TURN[2:]]]}, "no other size"),
        ({"symmetries_discrete": [[1, 0, 0]]}, "16 numbers each"),
        ({"symmetries_continuous": [{"axis": [0, 0, 1]}]}, "offset"),
        ({"symmetries_continuous": 3}, "BOP"),
        ({"symmetries_discrete": [], "discrete": [HALF_TURN]}, "take one"),
        ({"axis": [0, 0, 1]}, "Extra inputs"),
    ],
)
def test_what_is_no_symmetry_is_refused(odd, why):
    with pytest.raises(ValidationError, match=why):
        ObjectSymmetry.model_validate(odd)


def test_an_axis_needs_a_direction():
    with pytest.raises(ValidationError, match="no direction"):
        SymmetryAxis(axis=(0, 0, 0))
