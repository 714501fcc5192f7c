"""The sweeper's model bites: what spoils one protection is found within 150 sequences."""

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from flows.records import naming, recorder
from flows.records.at_work import WorkNote
from tests.storage.sweeper.test_collect_machine import Laboratory, done
from xsim_core.errors import XSimError
from xsim_core.storage import collect, commit, reach

MAX_SEQUENCES = 150


def nothing(*_, **__):
    return None


MUTANTS = {
    "claims are not honoured": [(commit, "claim_attempt", nothing)],
    "who is at work is not looked at": [
        (naming, "is_at_work", nothing),
        (naming, "is_anybody_at_work", nothing),
    ],
    "what a run at work stands on is not noted": [(WorkNote, "add", nothing)],
    "pins are ignored": [(reach, "RECORD_FOLDERS", ("runs",))],
    "one spoilt listing is believed": [
        (collect, "reachable", lambda store, seen: reach.reachable(store))
    ],
    "former stages are not kept": [(recorder, "read_record", nothing)],
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_what_spoils_a_protection_is_found(mutant, number, monkeypatch):
    class Mutated(Laboratory):
        pass

    for where, name, instead in MUTANTS[mutant]:
        monkeypatch.setattr(where, name, instead)
    before = done["sequences"]
    with pytest.raises((AssertionError, XSimError)):
        run_state_machine_as_test(
            seed(number)(Mutated),
            settings=settings(
                max_examples=MAX_SEQUENCES,
                stateful_step_count=20,
                deadline=None,
                database=None,
                phases=(Phase.generate,),
                report_multiple_bugs=False,
            ),
        )
    print(f"{mutant}, seed {number}: found by sequence {done['sequences'] - before}")  # noqa: T201
