"""xsim_core/capture/gates/gate.py: each is remembered; a refusal goes through, or ends its part."""

import pytest

from xsim_core.capture.gates.gate import Gates
from xsim_core.errors import BadInputError


def passed(gates, notes):
    with gates.part():
        with gates.gate("one", notes) as gate:
            gate.found = "5 mm"
        with gates.gate("two", notes):
            notes.append("guessed")
        with gates.gate("three", notes):
            notes.append("seen before it was refused")
            raise BadInputError("wrong: mend it")
        with gates.gate("four", notes):
            raise AssertionError("not reached")
    with gates.part(), gates.gate("five", notes):
        pass


def test_a_refusal_is_raised_unless_somebody_wants_to_hear_all():
    with pytest.raises(BadInputError, match="wrong: mend it"):
        passed(Gates(), [])
    gates = Gates(goes_on=True)
    passed(gates, ["from before"])
    told = [(r.gate, r.status, r.found, r.notes) for r in gates.results]
    assert told == [
        ("one", "ok", "5 mm", ()),
        ("two", "warning", "", ("guessed",)),
        ("three", "refused", "wrong: mend it", ("seen before it was refused",)),
        ("five", "ok", "", ()),
    ]
    assert [r.gate for r in gates.refused] == ["three"]


def test_what_is_no_refusal_is_never_swallowed():
    gates = Gates(goes_on=True)
    with pytest.raises(ZeroDivisionError), gates.part(), gates.gate("one", []):
        _ = 1 / 0
    gates.not_reached("two", "needs one")
    assert gates.results[-1].status == "not reached"
