"""xsim_core/capture/gates/object_symmetry.py: declared, found, or none."""

import pytest

from tests.tracking.objects import of_one_colour, shape
from xsim_core.capture.gates.object_symmetry import object_symmetry
from xsim_core.capture.layout import CaptureFile
from xsim_core.errors import BadInputError

CAN = of_one_colour(shape("can"))


def said(symmetry=None):
    values = {"name": "x", "object_name": "can", "init_box_xyxy": (0, 0, 9, 9)}
    given = {} if symmetry is None else {"symmetry": symmetry}
    return CaptureFile.model_validate({**values, **given})


def test_what_is_found_is_said_with_the_way_to_refuse_it():
    found = object_symmetry(said(), CAN, notes := [])
    assert found is not None
    assert found.continuous[0].axis == (0, 0, 1)
    assert "any turn about (0, 0, 1)" in notes[0]
    assert "`symmetry: none`" in notes[0]
    assert object_symmetry(said("none"), CAN, notes := []) is None
    assert object_symmetry(said(), of_one_colour(shape("mug")), notes) is None
    assert notes == []


def test_what_is_declared_is_taken_and_says_nothing():
    bop = {"symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}]}
    found = object_symmetry(said(bop), CAN, notes := [])
    assert found is not None
    assert (found.source, len(found.discrete), notes) == ("declared", 0, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"continuous": [{"axis": [1, 0, 0]}]},
        {"continuous": [{"axis": [0, 0, 1], "offset": [5, 0, 0]}]},
        {"discrete": [[[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]]]},
    ],
)
def test_what_the_mesh_does_not_have_is_refused_in_millimetres(wrong):
    """The third turns the can about its foot: the axis does not go through its middle."""
    with pytest.raises(BadInputError, match="mm from itself"):
        object_symmetry(said(wrong), CAN, [])
