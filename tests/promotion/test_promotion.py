import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.flows.toys import ToyConfig, toy_stage
from tests.promotion.error_rates import share
from xsim_core.errors import BadInputError, CorruptArtifactError, MissingArtifactError
from xsim_core.promotion import (
    PromotionTest,
    current,
    decide,
    history,
    objection,
    pointers,
    promote,
    rollback,
    taken_back,
)
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


@pytest.fixture
def policies(store):
    """Three policies; toys without the inputs that a real one has."""
    return [
        run_stage(toy_stage("diffusion", inputs={}), ToyConfig(seed=s), store, {}) for s in range(3)
    ]


@pytest.mark.parametrize("luck", [0.0, 1.0])
@pytest.mark.parametrize("rate", [0.1, 0.15, 0.5, 0.95])
def test_a_worse_candidate_is_promoted_at_most_as_often_as_agreed(rate, luck):
    worse = max(0.0, rate - 0.1)
    # Within four standard deviations of 400 runs, though it looks after every single pair.
    assert share("promote", (rate, worse), luck=luck) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.08])
def test_beside_a_policy_that_hardly_succeeds_only_a_better_one_goes_in(rate):
    assert share("promote", (rate, 0.0), num_runs=200) == 0.0
    assert share("promote", (rate, rate + 0.5), num_runs=100) > 0.97


def test_a_night_in_which_nothing_succeeds_decides_nothing_and_says_why():
    dark = np.zeros(150, bool)
    decision = decide(dark, dark)
    assert decision.action == "void"
    assert decision.num_pairs < 100
    assert decision.reason.startswith("nothing succeeded in")
    assert decide(dark[:9], dark[:9]).action == "continue"


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.5, 2, -1])
def test_outcomes_that_are_no_outcomes_decide_nothing(odd):
    good = [1.0] * 150
    for pair in (([odd] * 150, good), (good, [*good[:-1], odd])):
        decision = decide(*pair)
        assert decision.action == "void"
        assert "the evaluation is broken" in decision.reason


def test_few_pairs_beside_a_failing_policy_say_what_they_lack():
    old, new = np.zeros(150, bool), np.zeros(150, bool)
    old[::15] = True
    new[::15] = True
    decision = decide(old, new)
    assert decision.action == "continue"
    assert "no more often than the margin" in decision.reason


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
def test_an_equal_candidate_is_called_worse_at_most_as_often_as_agreed(rate):
    assert share("keep", (rate, rate)) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_clear_differences_are_found():
    assert share("promote", (0.5, 0.8)) > 0.97
    assert share("keep", (0.8, 0.4)) > 0.97


def test_two_perfect_policies_are_told_to_be_equal():
    same = np.ones(200, bool)
    decision = decide(same, same)
    assert decision.action == "promote"
    assert decision.reason == "the candidate is not worse"
    assert decision.num_pairs < 100


def test_few_trials_decide_nothing():
    assert decide([True] * 3, [True] * 3).action == "continue"
    assert decide([], []).action == "continue"


def test_the_decision_does_not_change_with_trials_after_it():
    rng = np.random.default_rng(1)
    old, new = rng.random((2, 200)) < np.array([[0.3], [0.8]])
    first = decide(old, new)
    again = decide(old[: first.num_pairs], new[: first.num_pairs])
    assert again == first
    assert decide(old[: first.num_pairs - 1], new[: first.num_pairs - 1]).action == "continue"


def test_what_is_not_paired_is_refused():
    with pytest.raises(BadInputError, match="same seeds"):
        decide([True], [True, False])


def test_promotion_adds_numbers(store, policies):
    assert current(store, "push") is None
    first = promote(store, "push", policies[0], reason="first", expected=0)
    decision = decide([False] * 50, [True] * 50, PromotionTest(alpha=0.01))
    second = promote(store, "push", policies[1], reason="better", expected=1, decision=decision)
    assert (first.number, second.number) == (1, 2)
    assert current(store, "push") == second
    assert pointers(store) == ["push"]


def test_a_sweep_keeps_what_was_ever_promoted_under_any_name(store, policies):
    name = "t" * 80
    for ref in policies[:2]:
        promote(store, name, ref, reason="next")
    for hours in (2, 4):
        later = datetime.now(UTC) + timedelta(hours=hours)
        result = collect(store, grace_s=3600, dry_run=False, now=later)
    assert [key.rpartition("/")[0] for key in result.removed] == [str(policies[2])]
    assert store.list_refs() == sorted(policies[:2], key=str)
    assert store.list_records("pins") == [], "the entries keep them"


def test_a_decision_against_a_policy_that_is_no_longer_current_is_refused(store, policies):
    promote(store, "push", policies[0], reason="first")
    promote(store, "push", policies[1], reason="second")
    with pytest.raises(BadInputError, match="meanwhile"):
        promote(store, "push", policies[2], reason="late", expected=1)


def test_rolling_back_twice_goes_further_back(store, policies):
    for ref in policies:
        promote(store, "push", ref, reason="next")
    with pytest.raises(BadInputError, match="current policy of push already"):
        promote(store, "push", policies[-1], reason="again")
    assert rollback(store, "push").ref == policies[1]
    assert rollback(store, "push").ref == policies[0]
    with pytest.raises(MissingArtifactError, match="go back"):
        rollback(store, "push")
    assert rollback(store, "push", to=3).ref == policies[2]
    assert [e.number for e in history(store, "push")] == [1, 2, 3, 4, 5, 6]


def test_promotions_at_once_get_a_number_each(store, policies):
    threads = [
        threading.Thread(target=promote, args=(store, "push", p), kwargs={"reason": "race"})
        for p in policies
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    entries = history(store, "push")
    assert [e.number for e in entries] == [1, 2, 3]
    assert {e.ref for e in entries} == set(policies)


def test_a_policy_that_is_not_there_and_a_bad_name_are_refused(store, policies):
    store.delete(policies[0])
    with pytest.raises(MissingArtifactError):
        promote(store, "push", policies[0], reason="gone")
    with pytest.raises(BadInputError, match="letters"):
        promote(store, "../up", policies[1], reason="no")


def test_a_night_does_not_try_what_was_current_or_was_taken_back(store, policies):
    assert objection([], policies[0]) is None
    for ref in policies[:2]:
        promote(store, "push", ref, reason="next")
    assert "is the current policy (v000002)" in objection(history(store, "push"), policies[1])
    assert "was current before (v000001)" in objection(history(store, "push"), policies[0])
    rollback(store, "push")
    assert "took this policy back (v000003)" in objection(history(store, "push"), policies[1])
    assert objection(history(store, "push"), policies[2]) is None
    # A person may change their mind.
    promote(store, "push", policies[1], reason="by hand")
    assert taken_back(history(store, "push")) == {}


def test_an_entry_that_cannot_be_read_is_named_and_leaves_other_pointers_alone(store, policies):
    promote(store, "push", policies[0], reason="first")
    promote(store, "pull", policies[0], reason="first")
    store.put_record("pointers/push/v000002.json", {"name": "push"})
    store.create_object("pointers/README.md", b"about pointers")
    store.create_object("pointers/pull/notes.txt", b"\xff")
    assert pointers(store) == ["pull", "push"]
    assert current(store, "pull").ref == policies[0]
    with pytest.raises(CorruptArtifactError, match=r"pointers/push/v000002\.json"):
        current(store, "push")
