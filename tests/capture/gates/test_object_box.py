"""A capture without a box, taken in from its files: found by what moves, or at a click."""

import numpy as np
import pytest
import yaml

from tests.capture.find_object.films import NUM, mesh_of, video_of
from tests.film.table_films import moving, resting
from tests.film.test_moved_away import overlap
from xsim_core.capture import IngestConfig
from xsim_core.capture.formats import write_rgbd_folder
from xsim_core.capture.gates.examine import check_capture
from xsim_core.capture.layout import read_capture_file
from xsim_core.errors import BadInputError
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE
from xsim_core.storage import ArtifactStore

SIZE_M = (0.08, 0.06, 0.05)
BLOCK = moving((0.0, 0.05), (0.05, -0.12), NUM)
MIDDLE = [round(float(x), 1) for x in BLOCK.box().reshape(2, 2).mean(0)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The film of a block that moves beside one that does not, and its mesh."""
    place = tmp_path_factory.mktemp("c") / "block"
    write_rgbd_folder(place / "video", video_of([BLOCK, resting(-0.15, 0.15, NUM)]))
    mesh_of(SIZE_M).write_obj(place / "object")
    return place


def write(folder, **said):
    usual = {"name": "block", "object_name": "block", "video": "video", "room": "film"}
    (folder / "capture.yaml").write_text(yaml.safe_dump({**usual, "world": "table", **said}))


@pytest.mark.parametrize(
    ("said", "box_from", "note"),
    [
        ({}, "motion", "no box was drawn: the object was found in frame 0"),
        ({"click": MIDDLE}, "click", "the object was grown from the click"),
        ({"init_box_xyxy": [100.0, 60.0, 140.0, 90.0]}, "drawn", None),
    ],
)
def test_who_says_where_the_object_is_is_kept(folder, tmp_path, said, box_from, note):
    write(folder, **said)
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder), store, {})
    summary = store.open(ref).summary
    assert summary.box_from == box_from
    told = [n for n in summary.notes if "box was drawn" in n or "from the click" in n]
    if note is None:
        assert told == []
        assert list(summary.init_box_xyxy) == said["init_box_xyxy"]
    else:
        assert told[0].startswith(note)
        assert overlap(np.array(summary.init_box_xyxy), BLOCK.box()) > 0.85


def test_a_gate_says_what_was_found_or_what_there_was_instead(folder):
    write(folder)
    gate = next(g for g in check_capture(folder).results if g.gate == "init_box_xyxy")
    assert gate.status == "warning"
    assert "found by what moves: [" in gate.found
    write(folder, init_frame=3, click=[5, 230])
    gate = next(g for g in check_capture(folder).refused if g.gate == "init_box_xyxy")
    assert gate.found.startswith("capture.yaml: click [5, 230]: what is there does not stand out")


def test_a_box_and_a_click_are_one_too_many(folder):
    write(folder, click=MIDDLE, init_box_xyxy=[100, 60, 140, 90])
    with pytest.raises(BadInputError, match="both say where the object is: leave one out"):
        read_capture_file(folder)
