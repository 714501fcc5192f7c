"""A run that is begun anew names what it had made until it has made it again."""

import pytest

from flows.records.at_work import clear_notes
from flows.records.recorder import Recorder
from flows.runs import recorded
from tests.contracts.toys import TOY, ToyConfig
from tests.storage.test_collect import CHILD, sweep
from xsim_core.process import this_process
from xsim_core.runs import RunRecord, list_runs, load_record
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def pair(store, number=1):
    """What a run makes of one capture."""
    parent = run_stage(TOY, ToyConfig(num_frames=number), store, {})
    return {"scan": parent, "splat": run_stage(CHILD, ToyConfig(), store, {"parent": parent})}


def carry_out(store, stages, error=None):
    with recorded(store, RunRecord(name="take1")) as recorder:
        for stage, ref in stages.items():
            recorder.add(stage, ref)
        if error:
            raise error


def sweep_thrice(store):
    for hours in (2, 4, 6):
        sweep(store, hours)


def test_a_beginning_of_a_finished_run_leaves_it_finished(store):
    made = pair(store)
    carry_out(store, made)
    carry_out(store, {"scan": made["scan"]})  # --until scan
    record = load_record(store, "take1")
    assert (record.stages, record.former) == (made, {})
    sweep_thrice(store)
    assert all(store.verify(ref) == [] for ref in made.values())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("broken")])
def test_a_finished_run_that_fails_when_it_runs_again_loses_nothing(store, error):
    made, other = pair(store), pair(store, 2)
    carry_out(store, made)
    for stages in ({}, {"scan": other["scan"]}):
        with pytest.raises(type(error)):
            carry_out(store, stages, error)
        record = load_record(store, "take1")
        assert record.stages == stages, "what is shown is this run's"
        sweep_thrice(store)
        assert all(store.verify(ref) == [] for ref in made.values())


def test_what_a_whole_run_made_again_takes_the_place_of_what_was(store):
    made, other = pair(store), pair(store, 2)
    carry_out(store, made)
    carry_out(store, {"scan": other["scan"]})
    record = load_record(store, "take1")
    assert (record.stages, record.former) == ({"scan": other["scan"]}, {"splat": made["splat"]})
    carry_out(store, other)
    record = load_record(store, "take1")
    assert (record.stages, record.former) == (other, {})
    sweep_thrice(store)
    assert set(store.list_refs()) == set(other.values())


def test_what_was_made_from_another_content_is_no_part_of_the_chain(store):
    made, other = pair(store), pair(store, 2)
    carry_out(store, made)
    for _ in range(2):  # --until scan, twice
        carry_out(store, {"scan": other["scan"]})
        record = load_record(store, "take1")
        assert record.stages == {"scan": other["scan"]}
        assert record.former["splat"] == made["splat"]
    sweep_thrice(store)
    assert store.verify(made["splat"]) == []


def test_what_no_longer_stands_does_not_count_as_made(store):
    made = pair(store)
    carry_out(store, made)
    store.delete(made["splat"])
    carry_out(store, {"scan": made["scan"]})
    assert load_record(store, "take1").stages == {"scan": made["scan"]}


def test_what_a_run_at_work_stands_on_stays_though_no_record_says_so(store):
    # Another machine comes to the end of the same run, and the capture then has another content.
    made, other = pair(store), pair(store, 2)
    with recorded(store, RunRecord(name="take1")) as here:
        for stage, ref in made.items():
            here.add(stage, ref)
        carry_out(store, made)
        carry_out(store, other)
        record = load_record(store, "take1")
        assert (record.state, record.stages, record.former) == ("completed", other, {})
        sweep_thrice(store)
        assert all(store.verify(ref) == [] for ref in (*made.values(), *other.values()))
    assert store.list_records("runs") == ["runs/take1.json"]
    sweep_thrice(store)
    record = load_record(store, "take1")
    assert (record.stages, record.former) == (made, other), "the end of the later of the two"


def test_notes_of_who_was_killed_go_and_those_of_others_stay(store):
    made = pair(store)
    notes = {"gone": "HOST 1 1", "elsewhere": "another-machine 1 1", "at-work": this_process()}
    for key, process in notes.items():
        said = process.replace("HOST", this_process().partition(" ")[0])
        refs = [ref.model_dump() for ref in made.values()]
        store.put_record(f"runs/take1/{key}.json", {"process": said, "refs": refs})
    store.put_record("runs/take2/gone.json", store.get_record("runs/take1/gone.json"))
    store.create_object("runs/take1/odd.json", b"[]")
    assert list_runs(store) == []
    clear_notes(store, "take1")
    left = [f"runs/take1/{key}.json" for key in ("at-work", "elsewhere", "odd")]
    assert store.list_records("runs") == [*left, "runs/take2/gone.json"]
    sweep_thrice(store)
    assert all(store.verify(ref) == [] for ref in made.values())
    clear_notes(store)
    assert store.list_records("runs") == left


def test_of_one_run_at_two_places_neither_forgets_what_the_other_made(store):
    made = pair(store)
    here, there = (Recorder(store, RunRecord(name="take1")) for _ in range(2))
    here.update()
    there.update()
    here.add("scan", made["scan"])
    here.add("splat", made["splat"])
    here.completed()
    there.add("scan", made["scan"])
    assert load_record(store, "take1").former["splat"] == made["splat"]
    there.completed()
    assert load_record(store, "take1").stages == made


def test_what_another_made_while_a_run_had_not_begun_its_work_stays(store):
    """And what that one dropped, and a sweep took, is in no record again."""
    made, other = pair(store), pair(store, 2)
    carry_out(store, made)
    with recorded(store, RunRecord(name="take1")) as late:
        carry_out(store, other)
        with pytest.raises(KeyboardInterrupt):
            carry_out(store, {"scan": other["scan"]}, KeyboardInterrupt())
        sweep_thrice(store)
        assert not any(store.manifest(ref) for ref in made.values())
        late.add("scan", other["scan"])
    record = load_record(store, "take1")
    assert record.stages | record.former == other
    sweep_thrice(store)
    assert all(store.verify(ref) == [] for ref in other.values())
