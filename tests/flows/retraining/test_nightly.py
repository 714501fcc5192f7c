import json

import pytest


@pytest.fixture(scope="module")
def night(prefect_home, tmp_path_factory):
    """Four nights with candidates of known skill, and a roll-back after them."""
    from tests.flows.conftest import run_python

    store = (tmp_path_factory.mktemp("nightly") / "store").as_uri()
    done = run_python(prefect_home, "-m", "tests.flows.retraining.nightly_toys", XSIM_STORE=store)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_policy_goes_in_and_a_worse_one_stays_out(night):
    assert night["went"] == ["first", "promote", "keep", "promote"]
    assert night["pointer"].startswith("push_block.toy-")


def test_a_decision_takes_trials_and_keeps_them(night):
    assert night["pairs"][0] == 0
    assert all(0 < n <= 150 for n in night["pairs"][1:])
    assert night["evidence"]
    assert len(night["decisions"]) == 6


def test_a_night_that_runs_again_replaces_no_decision(night):
    first, again = night["of_night_3"]
    assert (first["decision"]["action"], again["decision"]["action"]) == ("promote", "keep")
    assert first["decision"]["num_pairs"] > 0
    assert first["evaluations"]


def test_a_roll_back_is_a_new_number_that_names_an_old_policy(night):
    assert night["numbers"] == [1, 2, 3, 4]
    assert night["reasons"][-1] == "rolled back to v000002"
    assert night["back_is_an_earlier_one"]


def test_the_same_night_again_does_not_bring_back_what_a_person_took_back(night):
    assert night["again"]["action"] == "keep"
    assert "a person took this policy back (v000004)" in night["again"]["reason"]
    assert night["again"]["num_pairs"] == 0
    assert night["left"] == 4


def test_a_night_in_which_nothing_succeeds_decides_nothing(night):
    assert night["dark"]["action"] == "void"
    assert "nothing succeeded" in night["dark"]["reason"]


def test_no_seed_is_tried_in_two_nights(night):
    assert len(set(night["seeds"])) == len(night["seeds"])


def test_every_night_has_a_page(night):
    assert night["pages"] == 6
    assert "| policy for | decision |" in night["page"]
