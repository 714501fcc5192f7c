"""xsim_core/gap/ladder.py: rungs go from simulation to the world and back, one part at a time."""

import pytest
from hypothesis import given, strategies as st

from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.gap import ladder_of
from xsim_core.gap.config import FACTOR_NAMES
from xsim_core.gap.ladder import REST

some = st.sets(st.sampled_from(FACTOR_NAMES), min_size=1).map(
    lambda names: tuple(n for n in FACTOR_NAMES if n in names)
)


@given(some, st.data())
def test_both_ways_end_where_the_other_begins_and_a_part_is_a_rung(differing, data):
    asked = data.draw(st.lists(st.sampled_from(differing), unique=True))
    ladder = ladder_of(differing, asked)
    up, down = ladder.forwards(), ladder.backwards()
    assert up[0].factors == down[-1].factors == ()
    assert up[-1].factors == down[0].factors == differing
    for k, part in enumerate(ladder.parts):
        assert set(up[k + 1].factors) - set(up[k].factors) == set(part.factors)
        assert set(down[k].factors) - set(down[k + 1].factors) == set(part.factors)
        # What is the world's on the one way is the simulation's on the other.
        assert set(up[k].factors).isdisjoint(down[k].factors)
        assert set(up[k].factors) | set(down[k].factors) == set(differing)
    assert len({rung.factors for rung in ladder.rungs()}) == len(ladder.rungs())
    assert len({rung.title for rung in ladder.rungs()}) == len(ladder.rungs())
    asked_of = [part.name for part in ladder.parts if part.name != REST]
    assert asked_of == (asked or list(differing))


def test_a_rung_is_one_place_however_a_ladder_came_to_it():
    one = ladder_of(("room", "lights"), ("lights", "room"))
    other = ladder_of(("room", "lights"))
    assert {r.factors for r in one.rungs()} == {r.factors for r in other.rungs()}


def test_what_is_not_asked_for_is_one_part():
    ladder = ladder_of(("room", "lights", "camera"), ("lights",))
    assert [r.title for r in ladder.forwards()] == ["simulation", "+ lights", "+ the rest"]
    assert ladder.parts[1].factors == ("room", "camera")


@pytest.mark.parametrize(
    ("differing", "asked", "kind", "said"),
    [
        ((), (), BadInputError, "differs in nothing from the simulation"),
        (("room",), ("lights",), BadInputError, "do not differ in lights. They do in room."),
        (("room",), ("room", "room"), BadInputError, "names one twice"),
        (("lights",), ("light",), UnknownNameError, "unknown rung 'light'. Did you mean 'lights'"),
    ],
)
def test_what_cannot_be_climbed_is_refused(differing, asked, kind, said):
    with pytest.raises(kind, match=said):
        ladder_of(differing, asked)
