"""``xsim run --until STAGE``: the beginning of the chain, on a capture that is really read."""

import json

import pytest

from flows.executors import up_to
from flows.requests import resolve
from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import RunRequest, load_record
from xsim_core.storage import ArtifactStore


@pytest.mark.vulkan
def test_a_run_stops_after_the_stage_and_ingest_ends_its_record(xsim, tmp_path, tiny_capture):
    def asked(*arguments):
        left = xsim(tmp_path / "home", *arguments, "--json")
        return left.returncode, json.loads(left.stdout)

    folder = tiny_capture
    store = ArtifactStore((tmp_path / "home" / "store").as_uri())
    code, ingested = asked("capture", "ingest", str(folder))
    assert code == 0
    assert load_record(store, "ingest-tiny").state == "completed"
    code, answer = asked("run", str(folder), "--no-prefect", "--until", "ingest_truth")
    assert (code, answer["state"], answer["num_reused"]) == (0, "completed", 2)
    assert answer["stages"] == {f"ingest_{k}": ingested[k] for k in ("capture", "truth")}
    code, refused = asked("run", str(folder), "--no-prefect", "--until", "ingest_trth")
    assert code == 1
    assert "Did you mean 'ingest_truth'?" in refused["error"]["message"]
    code, refused = asked("run", str(folder), "--no-prefect", "--until", "calibrat")
    assert "Did you mean 'calibrate'?" in refused["error"]["message"]
    code, refused = asked("run", str(folder), "--no-prefect", "--until", "scan", "--anew", "ppo")
    assert code == 1
    assert "unknown stage of this run to make anew 'ppo'" in refused["error"]["message"]


class _Named:
    def __init__(self, name):
        self.name = name


def test_nothing_after_the_stage_is_carried_out():
    made = []

    def call(stage, config, **inputs):
        made.append(stage.name)
        return stage.name

    def page(execute):
        return [execute(_Named(name), None) for name in ("a", "b", "c")]

    assert up_to("b", call, page) is None
    assert made == ["a", "b"]
    assert up_to(None, call, page) == ["a", "b", "c"]


def test_what_the_stage_does_not_stand_on_is_left_out():
    made = []

    def call(stage, config, **inputs):
        made.append(stage.name)
        return ArtifactRef.model_construct(kind="k", fingerprint=f"made by {stage.name}")

    def page(execute):
        film, other = execute(_Named("film"), None), execute(_Named("other"), None)
        room = execute(_Named("room"), None, film=film)
        mesh = execute(_Named("mesh"), None, room=room)
        track = execute(_Named("track"), None, film=film, truth=None)
        return execute(_Named("sim"), None, mesh=mesh, track=track, other=other)

    for until, expected in (
        ("track", ["film", "other", "track"]),
        ("mesh", ["film", "other", "room", "mesh"]),
        ("sim", ["film", "other", "room", "mesh", "track", "sim"]),
    ):
        made.clear()
        assert up_to(until, call, page) is None
        assert made == expected
    made.clear()
    assert up_to("none of them", call, page).fingerprint == "made by sim"  # The plan refuses it.


def test_pose_track_waits_for_neither_scan_nor_splat(tiny_capture, tmp_path):
    resolved = resolve(RunRequest(capture=str(tiny_capture), preset="debug"))
    plan = resolved.plan(ArtifactStore("memory://"), until="pose_track")
    assert list(plan.refs) == ["ingest_capture", "ingest_truth", "ingest_world", "pose_track"]
    whole = resolved.plan(ArtifactStore("memory://"))
    assert plan.refs["pose_track"] == whole.refs["pose_track"]


def test_errors_of_a_stage_pass():
    def call(stage, config, **inputs):
        raise ValueError(stage.name)

    with pytest.raises(ValueError, match="a"):
        up_to("a", call, lambda execute: execute(_Named("a"), None))
