"""``xsim export``, and the Python door's ``export``."""

import json

import pytest

import xsim_core
from tests.sim.fixtures import make_scene, make_track
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import ArtifactStore


@pytest.fixture
def home(tmp_path):
    store = ArtifactStore((tmp_path / "home/store").as_uri())
    stages = {"splat": make_scene(store), "pose_track": make_track(store)}
    save_record(store, RunRecord(name="demo", state="completed", stages=stages))
    return tmp_path / "home"


def test_it_writes_and_says_what_is_not_held(home, xsim, tmp_path):
    left = xsim(home, "export", "demo:splat", "--to", "2dgs", "--out", str(tmp_path / "out"))
    assert left.returncode == 0, left.stderr
    assert left.stdout.splitlines()[0] == str(tmp_path / "out")
    assert "not held: background colour, mesh, collision pieces" in left.stdout
    assert (tmp_path / "out/point_cloud.ply").is_file()
    again = xsim(home, "export", "demo:splat", "--to", "2dgs", "--out", str(tmp_path / "out"))
    assert again.returncode == 1
    assert "replaces nothing" in again.stderr


def test_without_a_folder_it_is_named_by_what_it_is(home, xsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    left = xsim(home, "export", "demo:pose_track", "--to", "tum", "--json")
    told = json.loads(left.stdout)
    assert told["folder"] == str(tmp_path / "demo-pose_track-tum")
    assert told["files"] == ["trajectory.txt", "xsim-export.json"]
    assert told["ref"].startswith("object_track/")


def test_without_a_format_those_that_fit_are_listed(home, xsim):
    fitting = json.loads(xsim(home, "export", "demo:splat", "--json").stdout)["formats"]
    assert {"3dgs", "2dgs"} <= {f["name"] for f in fitting}
    assert "tum" not in {f["name"] for f in fitting}
    assert "  tum  " in xsim(home, "export").stdout


def test_the_door_takes_the_same_names(home, tmp_path):
    store = home / "store"
    made = xsim_core.export("demo:splat", to="3dgs", out=tmp_path / "a", store=store)
    assert made.folder == tmp_path / "a"
    assert "point_cloud.ply" in made.files
    with pytest.raises(BadInputError, match="begins with a home folder that is not known"):
        xsim_core.export("demo:splat", to="3dgs", out="~no such user/a", store=store)


@pytest.mark.parametrize(
    ("name", "said"), [("run.mp4", "it ends in .rrd"), ("there.rrd", "never written over")]
)
def test_a_recording_that_cannot_be_is_refused_before_anything_is_read(
    home, xsim, tmp_path, name, said
):
    (tmp_path / "there.rrd").touch()
    left = xsim(home, "view", "demo", "--rerun", str(tmp_path / name))
    assert left.returncode == 1
    assert said in left.stderr
