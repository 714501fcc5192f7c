"""A stage whose code was mended: what other code made is named so, and made anew when asked."""

import json

import pytest

from flows.executors import InProcess, Plan
from flows.records.naming import free_name
from flows.records.recorder import Recorder
from tasks.engine.observer import Silent
from tests.contracts.toys import TOY, ToyConfig, write_truth
from tests.flows.toys import age
from tests.storage.test_collect import CHILD, sweep
from xsim_core.artifacts import ArtifactRef, GroundTruth
from xsim_core.runs import RunRecord, RunRequest, load_record, load_records
from xsim_core.storage import ArtifactStore, Runtime

SAID = "other code (commit abc1234)"


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def run_pair(store, name, *, anew="", toy=TOY):
    """A toy and its child under a record; answers the record and what was found in the store."""
    heard = []

    class Listening(Silent):
        def finished(self, stage, ref, *, reused, other_code=""):
            heard.append((stage, reused, other_code))

    recorder = Recorder(store, RunRecord(name=name))
    execute = InProcess(store, Runtime(), Listening(), recorder)
    parent = execute(toy, ToyConfig(anew=anew))
    execute(CHILD, ToyConfig(), parent=parent)
    return recorder.record, heard


def mended(*, config, out):
    write_truth(out, config)
    out.add_file("mended.txt", b"by other code")
    return GroundTruth(name=config.name)


def test_what_other_code_made_is_reused_and_said(store):
    first, _ = run_pair(store, "first")
    age(store, first.stages["toy"])
    again, heard = run_pair(store, "again")
    assert again.stages == first.stages
    assert heard == [("toy", True, SAID), ("child", True, "")]
    assert (first.other_code, again.other_code) == ({}, {"toy": SAID})
    plan = Plan(store)
    plan(TOY, ToyConfig())
    assert plan.other_code == {"toy": SAID}


def test_anew_makes_it_and_what_stands_on_it_and_what_a_run_names_stays(store):
    import dataclasses

    first, _ = run_pair(store, "first")
    age(store, first.stages["toy"])
    by = dataclasses.replace(TOY, run=mended)
    second, heard = run_pair(store, "second", anew="c0de", toy=by)
    assert [reused for _, reused, _ in heard] == [False, False]
    assert not {*first.stages.values()} & {*second.stages.values()}
    assert second.other_code == {}
    # Interrupted and asked for again, it goes on: nothing is made twice.
    assert run_pair(store, "second", anew="c0de", toy=by)[1][0][1]
    for hours in (2, 4, 6):
        sweep(store, hours)
    for record in (first, second):
        assert all(store.verify(ref) == [] for ref in record.stages.values())


def test_what_is_the_same_to_the_byte_keeps_what_stands_on_it(store):
    first, _ = run_pair(store, "first")
    age(store, first.stages["toy"])
    second, heard = run_pair(store, "second", anew="c0de")
    assert [reused for _, reused, _ in heard] == [False, True]
    assert second.stages == first.stages
    plan = Plan(store)
    assert plan(TOY, ToyConfig(anew="c0de")) == first.stages["toy"]
    assert plan.missing == []


def test_a_run_anew_is_a_run_of_its_own_and_finds_itself_again(store):
    capture = ArtifactRef(kind="capture", fingerprint="a" * 24)
    plain = RunRequest(capture="/videos/take1")
    anew = plain.model_copy(update={"anew": {"ppo": "c0de"}})
    store.put_record(
        "runs/take1-demo.json",
        RunRecord(name="take1-demo", request=plain, stages={"ingest_capture": capture}).model_dump(
            mode="json"
        ),
    )
    name = free_name(store, anew, capture)
    assert name.startswith("take1-demo-")
    store.put_record(
        f"runs/{name}.json", RunRecord(name=name, request=anew).model_dump(mode="json")
    )
    assert free_name(store, anew, capture) == name
    assert free_name(store, plain, capture) == "take1-demo"
    # Mended once more it is another run, again.
    assert free_name(store, plain.model_copy(update={"anew": {"ppo": "feed"}}), capture) != name


def test_names_of_stages_are_enough_for_a_deployment():
    assert RunRequest.model_validate({"capture": "x", "anew": ["ppo"]}).anew == {"ppo": ""}
    assert "anew" not in RunRequest(capture="x").parameters()


@pytest.mark.parametrize("anew", ["ppo", 5, [["ppo"]], [1], {"ppo": 1}])
def test_a_record_whose_anew_says_nothing_is_an_odd_one(store, anew):
    store.put_record("runs/odd.json", {"name": "odd", "request": {"anew": anew}})
    records, odd = load_records(store)
    assert (records, list(odd)) == ([], ["odd"])


@pytest.mark.vulkan
def test_the_commands_say_it_and_make_it_anew(xsim, tmp_path, tiny_capture):
    def asked(*arguments):
        left = xsim(tmp_path / "home", *arguments)
        assert left.returncode == 0, left.stderr
        return left

    run = ("run", str(tiny_capture), "--no-prefect", "--until", "ingest_truth")
    first = json.loads(asked(*run, "--json").stdout)
    assert (first["run"], first["other_code"]) == ("tiny-demo", {})
    store = ArtifactStore((tmp_path / "home" / "store").as_uri())
    ref = ArtifactRef.parse(first["stages"]["ingest_capture"])
    age(store, ref)

    said = asked(*run)
    line = next(x for x in said.stderr.splitlines() if x.startswith("[xsim] ingest_capture"))
    assert f"reused, made by {SAID}" in line
    assert "--anew ingest_capture" in said.stderr
    report = (tmp_path / "home/reports/tiny-demo.html").read_text()
    assert f"made by {SAID}, not by this run's: ingest_capture." in report
    assert f"made by {SAID}" in asked("status", str(tiny_capture)).stdout
    stages = json.loads(asked("status", str(tiny_capture), "--json").stdout)["stages"]
    assert [s for s, row in stages.items() if row["other_code"]] == ["ingest_capture"]
    assert "other code made ingest_capture" in asked("status").stdout
    assert f", by {SAID}" in asked("show", "tiny-demo:ingest_capture").stdout
    assert json.loads(asked("show", str(ref), "--json").stdout)["other_code"] == SAID

    anew = json.loads(asked(*run, "--anew", "ingest_capture", "--json").stdout)
    assert anew["run"].startswith("tiny-demo-")
    # Reading a capture has one answer: the same bytes, so all that stands on it is kept.
    assert anew["stages"] == first["stages"]
    assert (anew["num_reused"], len(store.list_refs("capture"))) == (1, 2)
    assert load_record(store, "tiny-demo").other_code == {"ingest_capture": SAID}
    said = asked(*run, "--anew", "ingest_capture", "--anew", "ingest_truth")
    assert "makes anew by this code, as a run" not in said.stderr
    assert "made anew by this code already: ingest_capture" in said.stderr
