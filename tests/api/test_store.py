"""Finding the store, and artifacts by the names people give them."""

import pytest

import xsim_core
from tasks.settings import load_settings
from xsim_core.artifacts import SplatScene
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import load_record
from xsim_core.storage import store_url


def test_the_store_is_the_one_that_the_command_line_uses(home, monkeypatch):
    assert xsim_core.open_store().url == load_settings().store_url == store_url()
    monkeypatch.setenv("XSIM_HOME", str(home / ".xsim"))
    monkeypatch.chdir("/")
    assert xsim_core.open_store().url == load_settings().store_url
    monkeypatch.setenv("XSIM_STORE", str(home / ".xsim/store"))
    monkeypatch.setenv("XSIM_HOME", "/nowhere")
    assert xsim_core.open_store().url == load_settings().store_url
    assert xsim_core.open_store().list_refs("splat_scene")


@pytest.mark.parametrize("spell", [str, lambda path: path, lambda path: path.as_uri()])
def test_a_store_is_named_by_its_folder_or_its_url(home, spell, monkeypatch):
    monkeypatch.chdir("/")
    store = xsim_core.open_store(spell(home / ".xsim/store"))
    assert len(store.list_refs("splat_scene")) == 1


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(BadInputError, match=r"there is no store at .*nothing.* XSIM_HOME"):
        xsim_core.open_store(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_from_a_subfolder_the_store_above_is_found(home, monkeypatch):
    (home / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(home / "notebooks" / "deep")
    assert xsim_core.open_store().url == (home / ".xsim/store").as_uri()


def test_any_artifact_opens_by_every_way_of_naming_it(home):
    ref = load_record(xsim_core.open_store(), "demo").stages["splat"]
    for name in ("demo:splat", str(ref), ref.fingerprint[:9], f"splat_scene/{ref.fingerprint[:3]}"):
        assert xsim_core.open_artifact(name).ref == ref
    opened = xsim_core.open_artifact(ref, SplatScene)
    assert opened.array("means").shape == (opened.summary.num_gaussians, 3)


def test_another_kind_is_refused_with_what_there_is_of_the_right_one(home):
    with pytest.raises(BadInputError) as caught:
        xsim_core.load_policy("demo:pose_track")
    message = str(caught.value)
    assert "'demo:pose_track' is object_track/" in message
    assert "not a student_policy" in message
    assert "Of that kind the run has demo:diffusion, demo:calibrate." in message
    assert "xsim_core.load_track reads a object_track" in message


def test_unknown_names_list_the_known_ones(home):
    with pytest.raises(UnknownNameError, match="Did you mean 'calibrate'"):
        xsim_core.load_policy("demo:calibrat")
    with pytest.raises(UnknownNameError, match=r"unknown run 'dmo'.*demo"):
        xsim_core.load_policy("dmo:calibrate")
