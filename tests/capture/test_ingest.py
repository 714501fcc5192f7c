import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from xsim_core.capture import (
    IngestConfig,
    SynthesizeConfig,
    ingest_capture,
    ingest_truth,
    ingest_world,
    synthesize_capture,
    truth_folder,
)
from xsim_core.capture.readers import read_video
from xsim_core.capture.readers.synthesised import read_truth, read_world_spec
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


@pytest.fixture(scope="module")
def board_capture(tmp_path_factory):
    """Large enough that the video shows the board well."""
    folder = tmp_path_factory.mktemp("captures") / "board"
    synthesize_capture(folder, SynthesizeConfig(name="board", num_frames=4, num_photos=2))
    return folder


@pytest.fixture
def board_copy(board_capture, tmp_path):
    return shutil.copytree(board_capture, tmp_path / "capture")


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


def test_a_capture_needs_no_photos(capture_copy, store):
    shutil.rmtree(capture_copy / "photos")
    edit(capture_copy, room="film")
    opened = store.open(ingest(capture_copy, store))
    assert (opened.summary.room, opened.summary.num_photos) == ("film", 0)
    assert opened.file_names == ("video.jpg",)


def test_poses_beside_the_photos_are_taken_unless_one_says_solve(capture_copy, tiny_capture, store):
    truth = read_truth(truth_folder(tiny_capture) / "truth.npz")
    K, T = truth["photo_K"], truth["photo_T_world_cam"] @ np.diag([1, -1, -1, 1])
    lens = {"fl_x": K[0, 0], "fl_y": K[1, 1], "cx": K[0, 2] + 0.5, "cy": K[1, 2] + 0.5}
    frames = [{"file_path": f"{i:04d}.jpg", "transform_matrix": T[i].tolist()} for i in range(4)]
    told = {**lens, "w": 160, "h": 120, "frames": frames}
    (capture_copy / "photos/transforms.json").write_text(json.dumps(told))
    opened = store.open(ingest(capture_copy, store))
    given = opened.array("photo_poses/T_given_cam")
    np.testing.assert_allclose(given, truth["photo_T_world_cam"], atol=1e-12)
    np.testing.assert_allclose(opened.array("photo_poses/K"), K)
    assert any("those of transforms.json" in note for note in opened.summary.notes)
    edit(capture_copy, photo_poses="solve")
    assert "photo_poses/K" not in store.open(ingest(capture_copy, store)).array_names
    edit(capture_copy, photo_poses="sparse/0")
    with pytest.raises(BadInputError, match="nor a COLMAP model"):
        ingest(capture_copy, store)


def test_identity_is_content_not_place(tiny_capture, capture_copy):
    original, copy = (IngestConfig.from_folder(f) for f in (tiny_capture, capture_copy))
    assert original.model_dump() == copy.model_dump()
    assert "source" not in original.model_dump()
    with Image.open(capture_copy / "photos" / "0000.jpg") as photo:
        photo.rotate(180).save(capture_copy / "photos" / "0000.jpg")
    assert IngestConfig.from_folder(capture_copy).content_digest != original.content_digest


def test_a_track_that_is_brought_is_part_of_the_capture(capture_copy, store):
    before = IngestConfig.from_folder(capture_copy).content_digest
    places = np.tile(np.eye(4), (6, 1, 1))
    places[:, :3, 3] = [[0.01 * i, 0, 0.6] for i in range(6)]
    edit(capture_copy, track="poses")
    with pytest.raises(BadInputError, match="poses does not exist: the object's track"):
        ingest(capture_copy, store)
    (capture_copy / "poses").mkdir()
    for i in range(5):
        np.savetxt(capture_copy / "poses" / f"{i:06d}.txt", places[i])
    assert IngestConfig.from_folder(capture_copy).content_digest != before
    opened = store.open(ingest(capture_copy, store))
    assert opened.summary.track_frame == "camera"
    assert opened.array("track/has_pose").tolist() == [True] * 5 + [False]
    np.testing.assert_allclose(opened.array("track/T")[:5], places[:5])
    assert any("1 of 6 frames have no pose" in note for note in opened.summary.notes)


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
    "board in millimetres": (lambda f: board(f, square_m=45.0, marker_m=34.0), "millimetres"),
    "board beyond its dictionary": (
        lambda f: board(f, squares_x=20, squares_y=14),
        "140 markers, but DICT_4X4_50 has only 50",
    ),
    "marker larger than square": (lambda f: board(f, marker_m=0.05), "a marker lies inside"),
    "unknown dictionary": (lambda f: board(f, dictionary="DICT_4X4_5"), "like it are DICT_4X4_50"),
    "board that is no pose": (
        lambda f: board(f, T_world_board=np.diag([1.0, 1, -1, 1]).tolist()),
        "no rotation",
    ),
    "no text": (lambda f: (f / "capture.yaml").write_bytes(b"\x00\x01\x02" * 9), "is no"),
    "nested without end": (lambda f: (f / "capture.yaml").write_text("[" * 5000), "is not YAML"),
}


def board(folder, **changes):
    edit(folder, board=yaml.safe_load((folder / "capture.yaml").read_text())["board"] | changes)


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


def test_a_capture_file_in_another_encoding_is_read_and_that_is_said(capture_copy, store):
    """tests/files/test_text.py tries them all."""
    path = capture_copy / "capture.yaml"
    edit(capture_copy, name="Tüte")
    text = yaml.safe_dump(yaml.safe_load(path.read_text()), allow_unicode=True)
    path.write_bytes(text.encode("utf-16"))
    summary = store.open(ingest(capture_copy, store)).summary
    assert summary.name == "Tüte"
    (note,) = summary.notes
    assert note.startswith("capture.yaml is not in UTF-8")


def test_the_boxed_frame_is_found_among_those_that_stay(capture_copy, store):
    (capture_copy / "video/depth/000001.png").unlink()
    edit(capture_copy, init_frame=3)
    summary = store.open(ingest(capture_copy, store, prefer="folder")).summary
    assert (summary.init_frame, summary.num_frames) == (2, 5)
    assert summary.notes[0] == "colour: 1 without a partner, dropped: 1"
    # The board is too small in this film.
    assert "taken as millimetres, unchecked" in summary.notes[1]
    edit(capture_copy, init_frame=1)
    with pytest.raises(BadInputError, match="that one was dropped"):
        ingest(capture_copy, store, prefer="folder")


def test_depth_in_another_unit_is_seen_by_the_board(board_copy, store):
    """tests/capture/readers/test_depth_unit.py tries every unit."""
    true_mm = store.open(ingest(board_copy, store, prefer="folder")).array("video/depth_mm")
    for path in (board_copy / "video/depth").iterdir():
        with Image.open(path) as image:
            depth = np.asarray(image)
        Image.fromarray(depth * np.uint16(5)).save(path)
    opened = store.open(ingest(board_copy, store, prefer="folder"))
    assert "1/5000 m" in opened.summary.notes[0]
    np.testing.assert_array_equal(opened.array("video/depth_mm"), true_mm)
    edit(board_copy, depth_unit_m=0.001)
    with pytest.raises(BadInputError, match=r"\(declared\)\. It fits a unit of"):
        ingest(board_copy, store, prefer="folder")
    edit(board_copy, depth_unit_m=0.0002)
    opened = store.open(ingest(board_copy, store, prefer="folder"))
    assert opened.summary.notes == ()
    np.testing.assert_array_equal(opened.array("video/depth_mm"), true_mm)


def test_a_board_of_another_size_is_seen_by_the_depth(board_copy, store):
    assert store.open(ingest(board_copy, store)).summary.notes == ()
    board(board_copy, square_m=0.05, marker_m=0.0378)
    with pytest.raises(
        BadInputError, match=r"depth at the board is 0\.9 times .* Measure square_m"
    ):
        ingest(board_copy, store)


def test_a_recording_knows_its_unit(capture_copy):
    edit(capture_copy, depth_unit_m=0.0002)
    with pytest.raises(BadInputError, match=r"depth unit is 0\.001 m, capture\.yaml 0\.0002"):
        ingest(capture_copy, ArtifactStore("memory://"))


@pytest.mark.parametrize(
    "damaged", ["{}", "[1]", "[" * 100_000, ""], ids=["no name", "a list", "deep", "empty"]
)
def test_damaged_truth(tiny_capture, tmp_path, store, damaged):
    folder = shutil.copytree(truth_folder(tiny_capture), tmp_path / "damaged.truth")
    (folder / "truth.npz").write_bytes(b"not a zip")
    (folder / "world.json").write_text(damaged)
    config = IngestConfig.from_folder(folder)
    for stage, said in (
        (INGEST_TRUTH, r"truth\.npz is damaged: it is no NPZ archive\. Make the capture again"),
        (INGEST_WORLD, r"world\.json is damaged or truncated .*\. Make the capture again"),
    ):
        with pytest.raises(BadInputError, match=said):
            run_stage(stage, config, store, {})


@pytest.mark.parametrize(
    ("read", "name"), [(read_truth, "truth.npz"), (read_world_spec, "world.json")]
)
def test_missing_truth(tmp_path, read, name):
    with pytest.raises(BadInputError, match=rf"{name} is missing\. Make the capture again"):
        read(tmp_path / name)


def test_the_entries_are_what_the_stages_run():
    assert INGEST_CAPTURE.config is IngestConfig
    assert callable(ingest_capture)
    assert callable(ingest_truth)
    assert callable(ingest_world)
