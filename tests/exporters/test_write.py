"""An export is whole or not there, replaces nothing, and says what it does not hold."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from tests.evaluate.fixtures import make_student
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import KINDS
from xsim_core.errors import (
    BadInputError,
    CorruptArtifactError,
    MissingDependencyError,
    UnknownNameError,
)
from xsim_core.exporters import FORMATS, export_artifact, formats, write
from xsim_core.storage import ArtifactStore

PAGE = Path(__file__).parents[2] / "docs/export.md"


def test_the_folder_says_what_it_is_and_what_it_lacks(store, refs, tmp_path):
    made = export_artifact(store, refs["track"], "tum", tmp_path / "a/b")
    assert made.files == ("trajectory.txt", "xsim-export.json")
    assert made.num_bytes == sum((tmp_path / "a/b" / f).stat().st_size for f in made.files)
    told = json.loads((tmp_path / "a/b/xsim-export.json").read_text())
    assert told["artifact"] == str(refs["track"])
    assert told["not_held"] == FORMATS["tum"].loses
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]


@pytest.mark.parametrize("there", ["file", "folder", "link to nothing"])
def test_nothing_is_replaced(store, refs, tmp_path, there):
    place = tmp_path / "place"
    match there:
        case "file":
            place.write_text("mine")
        case "folder":
            place.mkdir()
        case _:
            place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInputError, match="is there already, and an export replaces nothing"):
        export_artifact(store, refs["track"], "tum", place)


def test_what_fails_half_way_leaves_nothing(store, refs, tmp_path, monkeypatch):
    def fails(source, folder):
        (folder / "half").write_text("half")
        raise BadInputError("no")

    monkeypatch.setattr("xsim_core.exporters.tum.write", fails)
    with pytest.raises(BadInputError, match="no"):
        export_artifact(store, refs["track"], "tum", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_format_of_another_kind_is_refused_with_what_there_is(store, refs, tmp_path):
    with pytest.raises(BadInputError, match=r"tum, which holds a object_track; a splat_scene can"):
        export_artifact(store, refs["scene"], "tum", tmp_path / "out")
    with pytest.raises(UnknownNameError, match="Did you mean '3dgs'"):
        export_artifact(store, refs["scene"], "3dg", tmp_path / "out")


def test_what_it_was_made_from_is_named_where_that_would_do(tmp_path):
    store = ArtifactStore("memory://")
    with pytest.raises(BadInputError, match=r"It was made from splat_scene/\w+: export that\."):
        export_artifact(store, make_sim(store), "3dgs", tmp_path / "out")


def test_a_missing_package_is_named(store, refs, tmp_path, monkeypatch):
    lacking = dataclasses.replace(FORMATS["tum"], packages=("no_such_package",))
    monkeypatch.setitem(FORMATS, "tum", lacking)
    with pytest.raises(MissingDependencyError, match=r"needs no_such_package.*'xsim\[export\]'"):
        export_artifact(store, refs["track"], "tum", tmp_path / "out")


def test_damage_is_not_exported(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    ref = make_student(store)
    weights = [p for p in (tmp_path / "store").rglob("*") if "weights" in str(p) and p.is_file()]
    chunk = max(weights, key=lambda p: p.stat().st_size)
    chunk.chmod(0o600)
    chunk.write_bytes(bytes(chunk.stat().st_size))
    with pytest.raises(CorruptArtifactError):
        export_artifact(store, ref, "safetensors", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_table_can_be_carried_out():
    for name, f in FORMATS.items():
        assert name == f.name
        assert set(f.kinds) <= set(KINDS)
        module, _, function = f.write.partition(":")
        package = Path(formats.__file__).parent
        source = package.joinpath(*module.split(".")).with_suffix(".py")
        assert f"def {function}(" in source.read_text()
    assert write.NOTE.endswith(".json")


def test_the_page_has_a_row_for_each_format():
    rows = re.findall(r"^\| `([\w]+)` \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.M)
    assert rows == [(f.name, ", ".join(f.kinds), f.what, f.loses) for f in FORMATS.values()]
