import numpy as np
import pytest

from xsim_core.capture.readers.depth_unit import DepthUnit, check_with_board, to_mm
from xsim_core.errors import BadInputError

METRE = np.full((1, 4, 4), 1000, np.uint16)


def test_numbers_become_millimetres():
    stored = np.array([[[0.0, 1.2344, -1.0, np.nan, np.inf, 70.0]]], np.float32)
    np.testing.assert_array_equal(to_mm(stored, 1.0), [[[0, 1234, 0, 0, 0, 0]]])
    assert to_mm(METRE, 1e-3) is METRE
    np.testing.assert_array_equal(to_mm(METRE, 1e-4), METRE // 10)


@pytest.mark.parametrize("metres", [0.0, -0.001, 2.0, float("nan")])
def test_a_unit_that_no_camera_has_is_refused(metres):
    with pytest.raises(BadInputError, match=r"no depth camera's; usual are 0\.001 \(millimetres"):
        DepthUnit(metres, "declared")


def test_without_a_board_an_assumption_is_said():
    assert check_with_board(METRE, DepthUnit(1e-3, "assumed"), None, notes := []) is METRE
    assert notes == ["depth: taken as millimetres, unchecked: no frame shows the board well"]
    assert check_with_board(METRE, DepthUnit(1e-3, "recorded"), None, silent := []) is METRE
    assert silent == []


@pytest.mark.parametrize(
    ("factor", "unit"), [(5, "1/5000 m"), (10, "0.1 mm"), (4, "0.25 mm"), (8, "0.125 mm")]
)
def test_every_usual_unit_is_seen_by_the_board(factor, unit):
    """Depth is measured within a percent, and the board's ratio with it."""
    stored = METRE * np.uint16(factor)
    for ratio in (0.992 * factor, factor, 1.008 * factor):
        mended = check_with_board(stored, DepthUnit(1e-3, "assumed"), ratio, notes := [])
        np.testing.assert_array_equal(mended, METRE)
        assert unit in notes[0]
        unit_m = 0.001 / factor
        with pytest.raises(BadInputError, match=rf"fits a unit of {unit_m:g} m"):
            check_with_board(stored, DepthUnit(1e-3, "declared"), ratio, [])
        declared = DepthUnit(unit_m, "declared")
        assert check_with_board(METRE, declared, 1.0, silent := []) is METRE
        assert silent == []


def test_what_the_board_contradicts_is_mended_only_where_it_was_assumed():
    five = 5000 / 1000
    mended = check_with_board(METRE, DepthUnit(1e-3, "assumed"), five, notes := [])
    np.testing.assert_array_equal(mended, METRE // 5)
    assert notes == ["depth: in 1/5000 m, as TUM's, as the board's size says"]
    for unit in (DepthUnit(1e-3, "declared"), DepthUnit(1e-3, "assumed", is_final=True)):
        with pytest.raises(BadInputError, match=r"5 times .* fits a unit of 0\.0002 m"):
            check_with_board(METRE, unit, five, [])


def test_a_factor_that_no_unit_explains_is_refused():
    with pytest.raises(BadInputError, match=r"1\.3 times what the board's size says") as caught:
        check_with_board(METRE, DepthUnit(1e-3, "assumed"), 1.3, [])
    assert "fits a unit" not in str(caught.value)


def test_a_board_that_is_slightly_off_is_said_and_one_that_is_more_refused():
    recorded = DepthUnit(1e-3, "recorded")
    for ratio in (0.991, 1.009):
        assert check_with_board(METRE, recorded, ratio, silent := []) is METRE
        assert silent == []
    assert check_with_board(METRE, recorded, 1.02, notes := []) is METRE
    assert notes == ["depth is +2.0% off what the board's size says. Measure square_m again."]
    for ratio, square_mm in ((0.94, 42.3), (1.05, 47.2)):
        told = rf"depth at the board is {ratio} times .* measure {square_mm} mm and not 45\."
        with pytest.raises(BadInputError, match=told):
            check_with_board(METRE, recorded, ratio, [], square_m=0.045)


def test_a_mended_unit_excuses_no_wrong_board():
    with pytest.raises(BadInputError, match=r"0\.94 times .* measure 42\.3 mm"):
        check_with_board(METRE, DepthUnit(1e-3, "assumed"), 4.7, [], square_m=0.045)
