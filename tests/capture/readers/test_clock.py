import numpy as np
import pytest

from xsim_core.capture.readers.clock import mend_clock, to_seconds, unwrap_sorted
from xsim_core.errors import BadInputError

FILM = np.arange(90) / 30


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("seconds", 1), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)],
)
@pytest.mark.parametrize("fps", [6.0, 7.5, 30.0, 300.0])
def test_units_are_recognised_and_said(unit, factor, fps):
    notes: list[str] = []
    stamps = 5.0 + np.arange(40) / fps
    np.testing.assert_allclose(to_seconds(stamps * factor, "timestamps.txt", notes), stamps)
    assert [unit in note for note in notes] == ([] if factor == 1 else [True])


@pytest.mark.parametrize("step", [1e-12, 5e9])
def test_steps_of_no_unit_are_refused(step):
    with pytest.raises(BadInputError, match="no frame rate"):
        to_seconds(np.arange(10) * step, "timestamps.txt", [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((40, np.nan), "line 41 is nan"),
        ((40, np.inf), "line 41 is inf"),
        ((40, FILM[39]), "line 41 has the time of the one before"),
        ((slice(40, None), FILM[:50]), "at line 41 time goes back from 1.3"),
        ((40, 0.5), "line 41 time goes back"),
    ],
)
def test_times_that_cannot_be_are_refused_with_the_line(change, message):
    stamps = FILM.copy()
    stamps[change[0]] = change[1]
    with pytest.raises(BadInputError, match=message):
        mend_clock(stamps, "timestamps.txt", [], lines=list(range(1, 91)))


@pytest.mark.parametrize("modulus_s", [2**32 * 1e-6, 2**32 * 1e-3, 2**32 * 1e-9])
def test_a_clock_that_wraps_is_unwrapped(modulus_s):
    whole = modulus_s - 1.5 + FILM
    notes: list[str] = []
    np.testing.assert_allclose(
        np.diff(mend_clock(whole % modulus_s, "film", notes)), 1 / 30, atol=1e-6
    )
    assert "wraps" in notes[0]
    # Sorted by their times, as names are, the second half comes first.
    notes = []
    mended = unwrap_sorted(np.sort(whole % modulus_s), "film", notes)
    np.testing.assert_allclose(np.diff(np.sort(mended)), 1 / 30, atol=1e-6)
    assert "wraps" in notes[0]


def test_a_pause_is_said():
    notes: list[str] = []
    mend_clock(FILM + np.where(np.arange(90) < 45, 0, 4.0), "film", notes)
    assert notes == ["film: nothing was recorded for 4.03 s at frame 45"]


def test_a_film_as_long_as_a_counter_with_a_pause_is_no_wrapped_clock():
    """2^32 ns are 4.29 s."""
    stamps = 100 + np.concatenate([np.arange(0, 2, 0.04), np.arange(3.2, 4.2, 0.04)])
    np.testing.assert_array_equal(unwrap_sorted(stamps, "film", notes := []), stamps)
    assert notes == []
