import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from xsim_core.capture import IngestConfig, ingest_capture, ingest_truth, ingest_world, truth_folder
from xsim_core.capture.readers import read_video
from xsim_core.errors import BadInputError
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD
from xsim_core.storage import ArtifactStore

pytestmark = pytest.mark.vulkan


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def ingest(folder, store, **choice):
    return run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder, **choice), store, {})


def edit(folder, **changes):
    path = folder / "capture.yaml"
    content = yaml.safe_load(path.read_text())
    content.update(changes)
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))


def test_capture_holds_what_the_files_hold(tiny_capture, store):
    opened = store.open(ingest(tiny_capture, store))
    video = read_video(tiny_capture / "video")
    np.testing.assert_array_equal(opened.array("video/rgb"), video.rgb)
    np.testing.assert_array_equal(opened.array("video/depth_mm"), video.depth_mm)
    assert opened.summary.num_frames == 6
    assert opened.summary.num_photos == 4
    assert opened.summary.fps == pytest.approx(15, abs=0.01)
    for name in ("photos.jpg", "video.jpg"):
        assert opened.read_file(name)[:2] == b"\xff\xd8"


def test_identity_is_content_not_place(tiny_capture, capture_copy):
    original, copy = (IngestConfig.from_folder(f) for f in (tiny_capture, capture_copy))
    assert original.model_dump() == copy.model_dump()
    assert "source" not in original.model_dump()
    with Image.open(capture_copy / "photos" / "0000.jpg") as photo:
        photo.rotate(180).save(capture_copy / "photos" / "0000.jpg")
    assert IngestConfig.from_folder(capture_copy).content_digest != original.content_digest


def test_files_that_change_after_submission_are_refused(capture_copy, store):
    config = IngestConfig.from_folder(capture_copy)
    edit(capture_copy, name="other")
    with pytest.raises(BadInputError, match="changed after"):
        run_stage(INGEST_CAPTURE, config, store, {})
    assert store.list_refs() == []


def test_folder_may_be_preferred(tiny_capture, store):
    by_folder, by_file = (ingest(tiny_capture, store, prefer=p) for p in ("folder", "recording"))
    assert by_folder != by_file
    a, b = (store.open(r).array("video/rgb") for r in (by_folder, by_file))
    np.testing.assert_array_equal(a, b)


def test_truth_and_world(tiny_capture, store):
    config = IngestConfig.from_folder(truth_folder(tiny_capture))
    truth = store.open(run_stage(INGEST_TRUTH, config, store, {}))
    assert truth.array("T_world_object").shape == (6, 4, 4)
    assert truth.array("photo/K").shape == (3, 3)
    world = store.open(run_stage(INGEST_WORLD, config, store, {}))
    assert world.summary.name == "tiny-real"


BAD = {
    "typo": (lambda f: edit(f, obejct_name="x"), "obejct_name.*Keys of a capture: name"),
    "missing key": (lambda f: edit(f, board=None), "'board': Field required"),
    "no yaml": (lambda f: (f / "capture.yaml").unlink(), "holds no capture.yaml"),
    "broken yaml": (lambda f: (f / "capture.yaml").write_text("a: [1"), "is not YAML"),
    "no recording": (lambda f: (f / "video/recording.db3").unlink(), "does not exist"),
    "no photos": (lambda f: shutil.rmtree(f / "photos"), "holds no photos"),
    "no mesh": (lambda f: (f / "object/mesh.obj").unlink(), "does not exist"),
    "box outside": (lambda f: edit(f, init_box_xyxy=[150, 10, 190, 40]), "inside the 160x120"),
    "box inside out": (lambda f: edit(f, init_box_xyxy=[50, 40, 20, 10]), "is not a box"),
    "frame beyond": (lambda f: edit(f, init_frame=6), "video has 6 frames"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_captures(case, capture_copy, store):
    damage, message = BAD[case]
    damage(capture_copy)
    with pytest.raises(BadInputError, match=message):
        ingest(capture_copy, store)
    assert store.list_refs() == []


def test_video_without_depth_values(capture_copy, store):
    for path in (capture_copy / "video/depth").iterdir():
        Image.fromarray(np.zeros((120, 160), np.uint16)).save(path)
    with pytest.raises(BadInputError, match="have depth"):
        ingest(capture_copy, store, prefer="folder")


def test_damaged_truth(tiny_capture, tmp_path, store):
    folder = shutil.copytree(truth_folder(tiny_capture), tmp_path / "damaged.truth")
    (folder / "truth.npz").write_bytes(b"not a zip")
    (folder / "world.json").write_text("{}")
    config = IngestConfig.from_folder(folder)
    for stage in (INGEST_TRUTH, INGEST_WORLD):
        with pytest.raises(BadInputError, match="missing or damaged"):
            run_stage(stage, config, store, {})


def test_the_entries_are_what_the_stages_run():
    assert INGEST_CAPTURE.config is IngestConfig
    assert callable(ingest_capture)
    assert callable(ingest_truth)
    assert callable(ingest_world)
