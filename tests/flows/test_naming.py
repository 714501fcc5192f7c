"""flows/records/naming.py: no run takes another's record and report."""

from threading import Barrier, Thread

import pytest

from flows.records.at_work import WorkNote
from flows.records.naming import free_name, take_name
from tests.storage.busy import BusyStore
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord, RunRequest, list_runs, load_record, plain_name, save_record
from xsim_core.storage import ArtifactStore

MONDAY, TUESDAY = (ArtifactRef(kind="capture", fingerprint=digit * 24) for digit in ("a", "b"))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def run(store, request, capture, *, base=""):
    """As a run begins, ingests and ends."""
    name = free_name(store, request, capture, base=base)
    save_record(store, RunRecord(name=name, request=request, stages={"ingest_capture": capture}))
    return name


def asked(folder="/videos/monday/take1", **fields):
    return RunRequest(capture=folder, **fields)


def test_two_captures_of_one_name_are_two_runs(store):
    first = run(store, asked(), MONDAY)
    second = run(store, asked("/videos/tuesday/take1"), TUESDAY)
    assert first == "take1-demo"
    assert second.startswith("take1-demo-")
    assert load_record(store, first).stages["ingest_capture"] == MONDAY
    # Again, in any order: each finds its own.
    assert run(store, asked("/videos/tuesday/take1"), TUESDAY) == second
    assert run(store, asked(), MONDAY) == first
    assert len(list_runs(store)) == 2


@pytest.mark.parametrize(
    "fields", [{"task": "pick_place"}, {"overrides": {"ppo": {"seed": 3}}}, {"task": "mine.yaml"}]
)
def test_one_capture_with_other_settings_is_another_run(store, fields):
    assert run(store, asked(), MONDAY) == "take1-demo"
    other = run(store, asked(**fields), MONDAY)
    assert other != "take1-demo"
    assert run(store, asked(**fields), MONDAY) == other
    assert run(store, asked(), MONDAY) == "take1-demo"


def test_a_capture_that_moved_or_was_mended_goes_on_with_its_run(store):
    assert run(store, asked(), MONDAY) == "take1-demo"
    assert run(store, asked("/archive/take1"), MONDAY) == "take1-demo"
    assert run(store, asked("/archive/take1"), TUESDAY) == "take1-demo"


@pytest.mark.parametrize("state", ["running", "completed", "failed"])
def test_a_folder_of_another_machine_that_is_called_so_is_another(store, state):
    process = "another-machine 1 1 00000000 11111111 1234"
    had = RunRecord(
        name="take1-demo", request=asked(), state=state, taken_in=MONDAY, process=process
    )
    save_record(store, had)
    assert free_name(store, asked(), MONDAY) == "take1-demo", "the same bytes go on"
    other = run(store, asked(), TUESDAY)
    assert other.startswith("take1-demo-")
    assert run(store, asked(), TUESDAY) == other
    assert load_record(store, "take1-demo") == had
    save_record(store, had.model_copy(update={"name": "mine"}))
    with pytest.raises(
        BadInputError, match=r"another's \(/videos/monday/take1 on another-machine, "
    ):
        free_name(store, asked(name="mine"), TUESDAY)


def test_other_content_is_another_run_while_anybody_is_at_work_whatever_the_record_says(store):
    assert run(store, asked(), MONDAY) == "take1-demo"
    note = WorkNote(store, "take1-demo")
    note.add(())  # One of two that do the same run, of which the other has come to the end.
    other = free_name(store, asked(), TUESDAY)
    assert other.startswith("take1-demo-")
    assert free_name(store, asked(), MONDAY) == "take1-demo"
    note.end()
    assert free_name(store, asked(), TUESDAY) == "take1-demo"


def test_a_name_that_was_asked_for_is_given_or_refused(store):
    assert run(store, asked(name="mine"), MONDAY) == "mine"
    assert run(store, asked(name="mine"), MONDAY) == "mine"
    said = r"'mine' is another's \(/videos/monday/take1, preset demo\).*--name"
    with pytest.raises(BadInputError, match=said):
        run(store, asked("/videos/tuesday/take1", name="mine"), TUESDAY)
    store.create_object("runs/odd.json", b"{")
    with pytest.raises(BadInputError, match="cannot be read"):
        run(store, asked(name="odd"), MONDAY)


def test_parts_of_a_run_are_told_apart_as_well(store):
    first = run(store, asked(), MONDAY, base="ingest-take1")
    assert run(store, asked("/videos/tuesday/take1"), TUESDAY, base="ingest-take1") != first
    again = RunRequest(name="take1-demo-train", overrides={"ppo": {"seed": 1}})
    other = again.model_copy(update={"overrides": {"ppo": {"seed": 2}}})
    first = free_name(store, again, None, base="take1-demo-train")
    save_record(store, RunRecord(name=first, request=again))
    assert free_name(store, again, None, base="take1-demo-train") == first
    assert free_name(store, other, None, base="take1-demo-train") != first


def test_a_record_of_before_there_were_requests_is_its_captures_own(store):
    store.put_record(
        "runs/take1-demo.json",
        {
            "name": "take1-demo",
            "capture": "/videos/monday/take1",
            "preset": "demo",
            "task": "",
            "stages": {"ingest_capture": MONDAY.model_dump()},
        },
    )
    assert free_name(store, asked(), MONDAY) == "take1-demo"
    assert free_name(store, asked("/videos/tuesday/take1"), TUESDAY) != "take1-demo"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("K\u00fcche 1", "Kuche-1"),
        ("take1", "take1"),
        ("a_b.c-d", "a_b.c-d"),
        ("..", "capture"),
        ("\u53f0\u6240", "capture"),
        ("-x-", "x"),
        ("a" * 200, "a" * 80),
        ("", "capture"),
        ("x\n; rm", "x-rm"),
    ],
)
def test_any_folder_gives_a_name(text, name):
    assert plain_name(text) == name
    assert RunRequest(capture=f"/videos/{text}", preset="full").run_name.endswith("-full")


def test_the_demo_is_called_demo():
    assert RunRequest(capture="/home/me/.xsim/captures/demo").run_name == "demo"
    assert RunRequest(capture="/home/me/.xsim/captures/debug", preset="debug").run_name == "debug"


def asked_by(number, *, name=None):
    """Requests that differ, and would be called the same."""
    return asked(f"/videos/{number}/take1", name=name), ArtifactRef(
        kind="capture", fingerprint=f"{number:x}" * 24
    )


def test_of_two_that_ask_at_once_before_any_request_each_has_its_own_record():
    """Somebody takes the name before the first, the second, ... request of the other."""
    seen = set()
    for when in range(1, 9):
        store = BusyStore("memory://")
        other = []
        store.interrupt(when, lambda s=store, o=other: o.append(take_name(s, *asked_by(1))))
        mine = take_name(store, *asked_by(2))
        is_over = not store.finish()
        theirs = other[0] if other else take_name(store, *asked_by(1))
        assert mine != theirs
        assert load_record(store, mine).request.capture == "/videos/2/take1"
        assert load_record(store, theirs).request.capture == "/videos/1/take1"
        seen.add(mine == "take1-demo")
        if is_over:
            break
    assert is_over
    assert seen == {True, False}


def test_of_two_that_ask_for_one_name_at_once_the_other_is_told():
    store = BusyStore("memory://")
    store.interrupt(2, lambda: take_name(store, *asked_by(1, name="mine")))
    with pytest.raises(BadInputError, match=r"'mine' is another's \(/videos/1/take1"):
        take_name(store, *asked_by(2, name="mine"))
    assert load_record(store, "mine").request.capture == "/videos/1/take1"


@pytest.mark.parametrize("name", [None, "mine"])
def test_many_at_once_on_a_disk_never_share_a_record(store, name):
    barrier, got, refused = Barrier(8), {}, []

    def ask(number):
        barrier.wait()
        try:
            got[number] = take_name(ArtifactStore(store.url), *asked_by(number, name=name))
        except BadInputError:
            refused.append(number)

    threads = [Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got.values())) == len(got) == len(list_runs(store)) == (1 if name else 8)
    assert len(got) + len(refused) == 8
    for number, name in got.items():
        assert load_record(store, name).request.capture == f"/videos/{number}/take1"


def test_the_same_request_twice_at_once_is_one_run():
    store = BusyStore("memory://")
    store.interrupt(2, lambda: take_name(store, *asked_by(1)))
    assert take_name(store, *asked_by(1)) == "take1-demo"
    assert list_runs(store) == ["take1-demo"]
