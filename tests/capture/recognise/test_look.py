"""capture/recognise/look.py and what it calls: what lies in a folder is found, under any name."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.capture.place.films import film
from tests.capture.readers.camera_paths.paths import tum_lines
from tests.capture.recognise.folders import lab_folder
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture.propose import propose
from xsim_core.capture.recognise import look_apart, look_around
from xsim_core.errors import BadInputError

REAL = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture
def lab(tmp_path):
    return lab_folder(tmp_path / "lab")


def test_a_folder_of_any_names_is_recognised_in_a_process_of_its_own(lab):
    facts, frame = look_apart(lab)
    assert [f.path for f in facts.films] == ["session 3/take1"]
    assert facts.films[0].num_frames == 4
    assert [(p.path, p.num_photos) for p in facts.photos] == [("phone", 3)]
    assert [m.path for m in facts.meshes] == ["assets/red_block/mesh.obj"]
    assert facts.meshes[0].is_coloured
    assert facts.meshes[0].diameter_m == pytest.approx(film().mesh.diameter_m, rel=1e-3)
    assert [m.path for m in facts.masks] == ["session 3/masks/000000.png"]
    assert facts.box.frame == 0
    np.testing.assert_allclose(facts.box.box_xyxy, film().box, atol=1)
    assert facts.markers.dictionary == "DICT_APRILTAG_36h11"
    assert facts.markers.ids == (7, 11)
    assert facts.markers.squares_xy is None
    np.testing.assert_array_equal(frame, film().rgb[0])


def test_a_mesh_at_its_pose_gives_the_box_if_depth_shows_it_there(tmp_path):
    lab = lab_folder(tmp_path / "lab", mask=False, poses=True)
    facts, _ = look_around(lab)
    assert [(p.path, p.num_poses) for p in facts.object_poses] == [("track.json", 4)]
    np.testing.assert_allclose(facts.box.box_xyxy, film().box, atol=4)
    tree = json.loads((lab / "track.json").read_text())
    for T in tree["T_cam_object"]:
        T[2][3] += 0.4  # Under the table.
    (lab / "track.json").write_text(json.dumps(tree))
    facts, _ = look_around(lab)
    assert facts.box is None
    assert "depth does not show the mesh" in facts.others[0].fault


def test_a_datasets_annotations_give_the_box_of_one_object_and_choose_none_of_two(tmp_path):
    lab = lab_folder(tmp_path / "lab", mask=False)
    take, box = lab / "session 3" / "take1", {"bbox_visib": [150, 115, 32, 44]}
    object_ = {"obj_id": 5, "cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0, 0, 900]}
    for count in (1, 2):
        (take / "scene_gt.json").write_text(json.dumps({"0": [object_] * count}))
        (take / "scene_gt_info.json").write_text(json.dumps({"0": [box] * count}))
        facts, _ = look_around(lab)
        (found,) = facts.masks
        if count == 1:
            assert facts.box.box_xyxy == (150, 115, 182, 159)
            assert facts.box.source == "session 3/take1/scene_gt_info.json"
        else:
            assert facts.box is None
            assert "5: [150.0, 115.0, 182.0, 159.0]" in found.fault


def test_a_pose_a_frame_in_files_is_a_track_that_can_be_named(tmp_path):
    lab = lab_folder(tmp_path / "lab", mask=False)
    (lab / "ob_in_cam").mkdir()
    T = np.linalg.inv(film().T_world_cam) @ film().T_world_object[0]
    for k in range(6):
        np.savetxt(lab / "ob_in_cam" / f"{k:06d}.txt", T)
    facts, _ = look_around(lab)
    assert [(p.num_poses, p.track) for p in facts.object_poses] == [(6, "ob_in_cam")]
    assert propose(facts).lines[-1].example == "track:\n  file: ob_in_cam\n  frame: camera\n"


def test_a_path_of_the_camera_is_told_from_the_object_s_poses(tmp_path):
    root = lab_folder(tmp_path / "lab", mask=False, poses=True, photos=False)
    T = np.tile(np.eye(4), (4, 1, 1))
    T[:, 0, 3] = 0.05 * np.arange(4)
    np.savetxt(root / "session 3" / "groundtruth.txt", tum_lines(np.arange(4) / 10, T))
    np.savetxt(root / "session 3" / "trajectory.txt", tum_lines(np.arange(4) + 70.0, T))
    facts, _ = look_around(root)
    path, late = facts.camera_paths
    assert (path.path, path.num_poses) == ("session 3/groundtruth.txt", 4)
    assert path.moves_m == pytest.approx(0.15)
    assert "its times go from 70.000" in late.fault
    assert facts.object_poses[0].path == "track.json"
    assert not facts.camera_poses


def test_the_photos_are_named_by_the_folder_that_also_tells_where_they_were_taken(tmp_path):
    lab = lab_folder(tmp_path / "lab")
    named = {"frames": [{"file_path": "phone/IMG_0.jpg"}]}
    (lab / "transforms.json").write_text(json.dumps({"frames": [{"file_path": "x/0.jpg"}]}))
    assert look_around(lab)[0].photos[0].path == "phone"
    (lab / "transforms.json").write_text(json.dumps(named))
    photos = look_around(lab)[0].photos[0]
    assert (photos.path, photos.poses, photos.num_photos) == (".", "transforms.json", 3)


def test_the_cameras_matrix_is_checked_with_the_table_and_a_faulty_one_is_told(tmp_path):
    """The other direction is ``tests/capture/gates/test_examine.py``'s."""
    lab = lab_folder(tmp_path / "lab", camera="cam2base.txt")
    T = T_WORLD_CAM.copy()
    T[:3, :3] = T[:3, :3] @ [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    np.savetxt(lab / "camera_extrinsics.txt", T)
    facts, _ = look_around(lab)
    good, bad = facts.camera_poses
    assert (good.path, good.maps, good.is_checked) == ("cam2base.txt", "camera_to_base", True)
    assert "makes the table lean" in bad.fault
    assert propose(facts).values["camera"] == "cam2base.txt"


def test_colour_without_depth_are_photos_and_a_mask_of_several_things_tells_nothing(tmp_path):
    lab = lab_folder(tmp_path / "lab")
    shutil.rmtree(lab / "session 3" / "take1" / "depth")
    facts, frame = look_around(lab)
    assert facts.films == ()
    assert frame is None
    assert [p.path for p in facts.photos] == ["phone", "session 3/take1/rgb"]
    assert "no video" in facts.masks[0].fault
    lab = lab_folder(tmp_path / "other")
    mask = lab / "session 3" / "masks" / "000000.png"
    labels = np.asarray(Image.open(mask)) // 255
    labels[:8, :8] = 7
    Image.fromarray(labels).save(mask)
    facts, _ = look_around(lab)
    assert facts.box is None
    assert "holds 2 things" in facts.masks[0].fault


def test_what_cannot_be_read_is_found_with_the_readers_own_sentence(lab):
    (lab / "session 3" / "take1" / "cam_K.txt").rename(lab / "zed_left.txt")
    (lab / "assets" / "kettle.fbx").write_bytes(b"x")
    (lab / "take2.bag").write_bytes(b"no bag")
    (lab / "again").symlink_to(lab)  # Links that lead round are followed once.
    facts, _ = look_around(lab)
    assert [p.path for p in facts.photos] == ["phone"]
    faults = {film.path: film.fault for film in facts.films}
    assert "cam_K.txt is missing" in faults["session 3/take1"]
    assert "take2.bag" in faults["take2.bag"]
    assert str(lab) not in "".join(faults.values())
    assert [i.path for i in facts.intrinsics] == ["zed_left.txt"]
    assert "export it as glTF" in facts.meshes[-1].fault
    (needed,) = [m for m in propose(facts).missing if m.is_needed]
    assert "copy that file to its place" in needed.how


def test_no_folder_and_an_empty_one(tmp_path):
    with pytest.raises(BadInputError, match="is not a folder"):
        look_apart(tmp_path / "none")
    facts, _ = look_around(tmp_path)
    assert facts.listed() == []
    assert not propose(facts).is_capture


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real recordings in {REAL} (XSIM_REAL_DATA)")
class TestRealFolders:
    def test_a_moving_camera_with_tags_a_cube_and_its_annotated_poses(self):
        facts, _ = look_around(REAL / "desk_rgbd")
        assert [(f.path, f.num_frames) for f in facts.films] == [(".", 60)]
        assert [m.path for m in facts.meshes] == ["mesh/cube.obj"]
        assert [(p.path, p.num_poses) for p in facts.object_poses] == [("ground_truth.json", 60)]
        assert facts.markers.dictionary == "DICT_APRILTAG_36h11"
        left, top, right, bottom = facts.box.box_xyxy
        assert right - left == pytest.approx(147, abs=5)
        assert bottom - top == pytest.approx(127, abs=5)

    def test_photos_of_tags_with_their_places(self):
        facts, _ = look_around(REAL / "photos_tags_table")
        assert [(p.path, p.num_photos) for p in facts.photos] == [(".", 75)]
        assert facts.photos[0].poses == "transforms.json"
        (layout,) = facts.tag_layouts
        assert (layout.path, layout.num_tags, layout.size_m) == ("board_mm.json", 36, 0.05)
        assert facts.films == ()

    def test_a_hand_eye_recording_and_photos_alone(self):
        facts, _ = look_around(REAL / "hand_eye_ur5")
        assert [h.path for h in facts.hand_eye] == ["."]
        assert facts.photos == ()
        facts, _ = look_around(REAL / "photos_buddha")
        assert [(p.path, p.num_photos) for p in facts.photos] == [("images", 67)]
        assert facts.hand_eye == ()
