"""A capture's words for the robot's place, through ingest and into pose_track; errors in mm."""

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.capture.place.films import TAG_M, TAG_PLACES, film, tag_corners, video_of
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture.formats import write_rgbd_folder
from xsim_core.capture.identity import IngestConfig, source_files
from xsim_core.capture.layout import CaptureFile, read_capture_file
from xsim_core.capture.place.moving.given_path import AboutPath, GivenPath
from xsim_core.capture.place.resolve import resolve_place, stated_board
from xsim_core.capture.place.tag_layout import NUM_FRAMES
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, POSE_TRACK, SCAN
from xsim_core.storage import ArtifactStore

TAGS = {
    "kind": "tags",
    "size_m": TAG_M,
    "tags": [{"id": i, "corners_board": tag_corners(i).tolist()} for i in TAG_PLACES],
}
SHIFTED = make_se3(np.eye(3), [0.02, 0, 0]) @ T_WORLD_CAM
FAR = make_se3(np.eye(3), [0.2, 0, 0]) @ T_WORLD_CAM


def words(**said):
    return {"name": "one", "object_name": "block", "init_box_xyxy": list(film().box), **said}


def resolved(folder, **said):
    file, notes = CaptureFile.model_validate(words(**said)), []
    board = stated_board(file, folder, notes)
    return resolve_place(file, folder, board, video_of(film()), 0, notes), notes


def test_a_matrix_beside_tags_is_compared_with_them():
    place, notes = resolved(None, board=TAGS, camera=T_WORLD_CAM.tolist())
    np.testing.assert_allclose(place.T_world_cam, T_WORLD_CAM, atol=1e-8)
    assert any("the board lies" in n and "the board is taken" not in n for n in notes)
    _, notes = resolved(None, board=TAGS, camera=SHIFTED.tolist())
    assert any("the board is taken" in n for n in notes)
    with pytest.raises(BadInputError, match=r"contradict each other: the board lies 2\d\d mm"):
        resolved(None, board=TAGS, camera=FAR.tolist())
    assert NUM_FRAMES >= 2


def test_a_board_that_the_film_does_not_show_leaves_the_matrix():
    elsewhere = TAGS | {"dictionary": "DICT_4X4_50"}
    place, notes = resolved(None, board=elsewhere, camera=T_WORLD_CAM.tolist())
    assert place.board is not None
    assert any("does not show the board" in n for n in notes)


def test_a_path_that_moves_is_not_of_a_film_that_stands_still():
    file = CaptureFile.model_validate(words(camera_path="gt.txt", world="file"))
    T = np.tile(T_WORLD_CAM, (4, 1, 1))
    T[:, 0, 3] += [0, 0.05, 0.1, 0.2]
    given = GivenPath(T, np.ones(4, bool), AboutPath(name="gt.txt", form="a test", unit_m=1.0))
    with pytest.raises(BadInputError, match=r"gt\.txt has the camera move, and the film shows"):
        resolve_place(file, None, None, video_of(film()), 0, [], given=given)


@pytest.fixture
def capture(tmp_path):
    """A capture's folder without a word on the robot's place."""
    import trimesh

    folder, made = tmp_path / "one", film()
    write_rgbd_folder(folder / "video", video_of(made))
    for name in ("object", "photos", "calibration"):
        (folder / name).mkdir()
    block = trimesh.Trimesh(made.mesh.vertices, made.mesh.faces, process=False)
    uv = trimesh.visual.TextureVisuals(made.mesh.uv, image=Image.fromarray(made.mesh.texture))
    block.visual = uv
    block.export(folder / "object" / "mesh.obj")
    Image.fromarray(made.rgb[0]).save(folder / "photos" / "0.png")
    return folder


def say(folder, **said):
    text = yaml.safe_dump(words(video="video", **said), sort_keys=False)
    (folder / "capture.yaml").write_text(text)


def ingested(folder, store):
    return run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder), store, {})


def test_a_capture_without_a_board_goes_through_ingest_and_pose_track(capture, tmp_path):
    """Told by a file in the other direction and in millimetres; by tags; by nothing."""
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    T_cam_base_mm = inverse_se3(T_WORLD_CAM)
    T_cam_base_mm[:3, 3] *= 1000
    np.savetxt(capture / "calibration" / "base2cam.txt", T_cam_base_mm)
    say(capture, camera={"matrix": "calibration/base2cam.txt", "maps": "base_to_camera"})
    assert capture / "calibration" / "base2cam.txt" in source_files(capture)
    ref = ingested(capture, store)
    summary = store.open(ref).summary
    np.testing.assert_allclose(summary.T_world_cam, T_WORLD_CAM, atol=1e-6)
    assert any("taken as millimetres" in n for n in summary.notes)
    track = store.open(run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": ref}))
    found, truth = track.array("T_world_object")[:, :3, 3], film().T_world_object[:, :3, 3]
    assert 1000 * np.linalg.norm(found - truth, axis=1).max() < 6
    assert track.summary.board_rms_px is None
    assert "stands where the capture states it" in track.summary.notes[0]
    with pytest.raises(BadInputError, match="neither board nor tags, and photos alone give"):
        run_stage(SCAN, SCAN.config(), store, {"capture": ref})


def test_tags_and_a_guess_through_ingest_and_into_the_world_frame(capture, tmp_path):
    from xsim_core.film.camera_place import notes_on_place, place_camera
    from xsim_core.film.frames import open_video

    store = ArtifactStore("memory://", scratch_root=tmp_path)
    say(capture, board=TAGS)
    tagged = store.open(ingested(capture, store))
    world = place_camera(open_video(tagged), tagged.summary, PoseTrackConfig())
    error_mm = 1000 * np.linalg.norm(world.T_world_cam[:3, 3] - T_WORLD_CAM[:3, 3])
    assert error_mm < 6
    assert world.num_frames >= 3
    assert notes_on_place(world, tagged.summary) == ()
    say(capture, world="table")
    guessed = store.open(ingested(capture, store))
    assert guessed.summary.world == "table"
    assert any("guess" in n for n in guessed.summary.notes)
    world = place_camera(open_video(guessed), guessed.summary, PoseTrackConfig())
    assert "guess" in notes_on_place(world, guessed.summary)[0]
    # The block stands on the table, 0.0 m high; the origin lies under its middle.
    T_guess_world = world.T_world_cam @ inverse_se3(T_WORLD_CAM)
    foot = T_guess_world @ np.append(film().T_world_object[0, :2, 3], [0.0, 1.0])
    assert abs(1000 * foot[2]) < 2
    assert 1000 * np.linalg.norm(foot[:2]) < 35


def test_what_says_nothing_or_too_much_is_refused(capture):
    say(capture)
    with pytest.raises(BadInputError, match="'board': Field required, or 'camera'"):
        read_capture_file(capture)
    say(capture, world="table", board=TAGS)
    with pytest.raises(BadInputError, match="leave one of them out"):
        read_capture_file(capture)
    say(capture, board=TAGS | {"kind": "chessboard"})
    with pytest.raises(BadInputError, match="'charuco', 'tags'"):
        read_capture_file(capture)
