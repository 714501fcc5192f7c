"""xsim_core/capture/gates/examine.py: what ingest asks of a capture, also without a store."""

import shutil

import numpy as np
import pytest
import yaml

from tests.capture.place.films import film
from tests.capture.readers.camera_paths.paths import tum_lines
from tests.capture.readers.rooms.rooms import flat_room
from tests.capture.recognise.folders import lab_folder
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture import IngestConfig
from xsim_core.capture.gates.examine import check_capture, examine
from xsim_core.capture.gates.gate import Gates
from xsim_core.capture.identity import source_files
from xsim_core.capture.propose import propose, write_proposal
from xsim_core.capture.recognise import look_around
from xsim_core.errors import BadInputError
from xsim_core.geometry.gaussian_ply import encode_ply
from xsim_core.scan import ScanConfig
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, SCAN
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """A folder whose capture.yaml init wrote."""
    folder = lab_folder(tmp_path_factory.mktemp("labs") / "lab", camera="base2cam.txt")
    facts, _ = look_around(folder)
    write_proposal(folder / "capture.yaml", propose(facts), None, None)
    return folder


@pytest.fixture
def lab(looked_at, tmp_path):
    """A copy to damage."""
    return shutil.copytree(looked_at, tmp_path / "lab")


def test_what_init_writes_passes_the_gates_that_ingest_asks(lab, tmp_path):
    said = yaml.safe_load((lab / "capture.yaml").read_text())["camera"]
    assert said == {"matrix": "base2cam.txt", "maps": "base_to_camera"}
    gates = check_capture(lab)
    assert gates.refused == []
    found = {r.gate: r.found for r in gates.results}
    assert found["video"] == "4 frames of 400x300, 10 a second, 0.3 s"
    assert found["photos"] == "3 of 400x300"
    assert found["camera and board stand still"] == "yes"
    (scan_lacks,) = next(r.notes for r in gates.results if r.gate == "photos' poses")
    assert "nothing tells their metres" in scan_lacks
    assert "99% of the pixels have depth" in found["depth's range"]
    assert found["mesh"].startswith(f"{1000 * film().mesh.diameter_m:.0f} mm across")
    assert "m from its base" in found["where the robot stands"]
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(lab), store, {})
    notes = [n for r in gates.results for n in r.notes]
    assert list(store.open(ref).summary.notes) == [n.replace(f"{lab}/", "") for n in notes]


def test_all_that_is_wrong_is_told_at_once(lab, tmp_path):
    content = yaml.safe_load((lab / "capture.yaml").read_text())
    content |= {"mesh": "none.obj", "init_frame": 9}
    (lab / "capture.yaml").write_text(yaml.safe_dump(content))
    shutil.rmtree(lab / "phone")
    gates = check_capture(lab)
    refused = {r.gate: r.found for r in gates.refused}
    assert set(refused) == {"mesh", "photos", "init_box_xyxy"}
    assert "none.obj does not exist" in refused["mesh"]
    assert "`room: film`" in refused["photos"]
    assert "init_frame is 9 but the video has 4 frames" in refused["init_box_xyxy"]
    (place := tmp_path / "place").mkdir()
    with pytest.raises(BadInputError, match=r"none\.obj does not exist"):
        examine(lab, place, Gates())


def test_a_path_beside_a_film_is_read_apart_and_held_against_it(lab):
    """The camera of this film stands still; where it stands the path can say."""
    content = yaml.safe_load((lab / "capture.yaml").read_text())
    del content["camera"]
    content |= {"camera_path": "gt.txt", "world": "file"}
    (lab / "capture.yaml").write_text(yaml.safe_dump(content))
    T = np.tile(T_WORLD_CAM, (4, 1, 1))
    np.savetxt(lab / "gt.txt", tum_lines(np.arange(4) / 10, T))
    gates = check_capture(lab)
    assert gates.refused == []
    found = {r.gate: r for r in gates.results}
    assert found["camera_path"].found == "a TUM trajectory: 4 of 4 frames"
    x, y, z = T_WORLD_CAM[:3, 3]
    place = found["where the robot stands"]
    assert f"x {x:.2f}, y {y:.2f}, z {z:.2f} m from its base" in place.found
    assert any("takes the origin of camera_path for the robot's base" in n for n in place.notes)
    assert lab / "gt.txt" in source_files(lab)


def test_a_room_from_a_file_goes_through_ingest_and_scan(lab, tmp_path):
    """The film's table is at height 0; the scan has a block where the film's stands."""
    content = yaml.safe_load((lab / "capture.yaml").read_text())
    content |= {"room": {"file": "scan.ply"}}
    del content["photos"]
    (lab / "capture.yaml").write_text(yaml.safe_dump(content))
    (lab / "scan.ply").write_bytes(encode_ply(flat_room()))
    assert lab / "scan.ply" in source_files(lab)
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(lab), store, {})
    capture = store.open(ref).summary
    assert (capture.room, capture.num_photos) == ("file", 0)
    assert not any("surface lies" in note for note in capture.notes)
    images = store.open(run_stage(SCAN, ScanConfig(), store, {"capture": ref}))
    assert images.summary.num_images > 20
    assert any("the room is the file's" in note for note in images.summary.notes)
    points = images.array("points_world")
    assert np.abs(points[:, 2]).max() < 0.01


def test_a_folder_without_a_word_is_told_how_to_get_one(tmp_path):
    (refused,) = check_capture(tmp_path).refused
    assert "`xsim capture init FOLDER` writes one" in refused.found


def test_a_video_that_cannot_be_read_leaves_the_rest_unreached(lab):
    (lab / "session 3" / "take1" / "cam_K.txt").unlink()
    gates = check_capture(lab)
    assert [r.gate for r in gates.refused] == ["video"]
    assert gates.results[-1].status == "not reached"


@pytest.mark.vulkan
def test_a_synthesised_capture_without_its_file_needs_the_box_alone(capture_copy):
    file = capture_copy / "capture.yaml"
    box = yaml.safe_load(file.read_text())["init_box_xyxy"]
    file.unlink()
    facts, frame = look_around(capture_copy)
    proposal = propose(facts)
    assert [m.what for m in proposal.missing if m.is_needed] == [
        "init_box_xyxy, a box around the object"
    ]
    write_proposal(file, proposal, frame, None)
    assert "nothing says where the object is" in check_capture(capture_copy).refused[0].found
    file.write_text(file.read_text() + f"init_box_xyxy: {box}\n")
    assert check_capture(capture_copy).refused == []
