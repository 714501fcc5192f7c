"""flows/inbox/recordings.py: a folder of recordings goes to the runs that wait for it."""

import os
import time

import pytest

from flows.inbox.bucket import fetch_prefix
from flows.inbox.recordings import bring_home, recording_folders
from xsim_core.artifacts import ArtifactRef
from xsim_core.robots.recording import RolloutWriter
from xsim_core.runs import RunRecord, RunRequest, save_record
from xsim_core.storage import ArtifactStore

STUDENT, OTHER = (ArtifactRef(kind="student_policy", fingerprint=d * 24) for d in ("a", "b"))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def record(store, name, *, student=STUDENT, state="waiting", rollouts=None):
    request = RunRequest(capture="/c", deploy="robot", rollouts=rollouts)
    made = RunRecord(name=name, request=request, state=state, stages={"diffusion": student})
    save_record(store, made)


def arrive(inbox, name, *, policy=STUDENT, age_s=60.0, summary="{}"):
    """As ``xsim robot run --out`` leaves it."""
    RolloutWriter(inbox / name / "rollout_0000.rollout", {"policy": str(policy)}).close()
    (inbox / name / "summary.json").write_text(summary)
    for path in (inbox / name).iterdir():
        os.utime(path, (time.time() - age_s,) * 2)


def brought(store, inbox):
    """What was said of each folder, and which run went on with which."""
    went_on = []

    def bring(record, folder):
        went_on.append((record.name, folder.name))
        return f"{record.name} goes on"

    return bring_home(store, recording_folders(inbox), bring), went_on


def test_it_goes_to_every_run_that_waits_for_its_policy_and_to_no_other(store, inbox):
    record(store, "first")
    record(store, "second")
    record(store, "of-another", student=OTHER)
    record(store, "done", state="completed")
    arrive(inbox, "monday")
    said, went_on = brought(store, inbox)
    assert said == {"monday": "first goes on; second goes on"}
    assert went_on == [("first", "monday"), ("second", "monday")]


def test_what_a_run_has_is_not_brought_again(store, inbox):
    arrive(inbox, "monday")
    record(store, "first", state="completed", rollouts=str(inbox / "monday"))
    record(store, "second")
    assert brought(store, inbox) == ({}, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"policy": OTHER}, f"recordings of {OTHER}, for which no run waits"),
        ({"age_s": -600.0}, "still arriving"),
        ({"summary": '{"is_over": false}'}, "the session that records them is not over"),
        ({"summary": "{torn"}, "refused: "),
        ({"summary": "[]"}, "refused: "),
    ],
)
def test_what_waits_for_no_one_or_is_not_whole_is_said(store, inbox, changes, said):
    record(store, "first")
    arrive(inbox, "monday", **changes)
    told, went_on = brought(store, inbox)
    assert told["monday"].startswith(said)
    assert went_on == []


def test_a_folder_that_may_not_be_listed_is_named_and_the_rest_goes_on(store, inbox, monkeypatch):
    record(store, "first")
    arrive(inbox, "closed")
    arrive(inbox, "monday")
    iterdir = type(inbox).iterdir

    def listed(folder):
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return iterdir(folder)

    monkeypatch.setattr(type(inbox), "iterdir", listed)
    said, went_on = brought(store, inbox)
    assert said["closed"].startswith("refused: ")
    assert went_on == [("first", "monday")]


def test_of_a_bucket_they_are_copied_once_they_are_whole(moto_url, store, tmp_path):
    record(store, "first")
    here, bucket = tmp_path / "here", ArtifactStore(moto_url)
    arrive(tmp_path, "monday")
    for path in sorted((tmp_path / "monday").iterdir()):
        bucket.create_object(f"monday/{path.name}", path.read_bytes())
    bucket.create_object("no rollouts/summary.json", b"{}")
    early = fetch_prefix(moto_url, here, settle_s=600)
    assert (early.recordings, early.arriving) == ([], ("monday",))
    copies = fetch_prefix(moto_url, here)
    assert copies[:3] == ([], {}, [here / "monday"])
    went_on = []
    said = bring_home(
        store,
        copies.recordings,
        lambda run, folder: went_on.append((run.name, folder)) or "goes on",
        settle_s=0,
    )
    assert said == {"monday": "goes on"}
    assert went_on == [("first", here / "monday")]
    bucket.create_object("monday/rollout_0001.rollout", b"another")
    assert fetch_prefix(moto_url, here).recordings == [here / "monday"]
    assert (here / "monday" / "rollout_0001.rollout").read_bytes() == b"another"


def test_what_cannot_be_read_is_refused_and_the_rest_goes_on(store, inbox):
    record(store, "first")
    arrive(inbox, "broken")
    arrive(inbox, "whole")
    (inbox / "broken" / "rollout_0000.rollout").write_bytes(b"no rollout")
    for path in (inbox / "broken").iterdir():
        os.utime(path, (time.time() - 60,) * 2)
    (inbox / "pictures").mkdir()
    said, went_on = brought(store, inbox)
    assert "is no rollout of 'xsim robot run'" in said["broken"]
    assert went_on == [("first", "whole")]
    assert set(said) == {"broken", "whole"}
