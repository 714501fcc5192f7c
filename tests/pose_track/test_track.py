import numpy as np
import pytest

from tests.pose_track.captures import commit_capture, synthetic_arrays
from tests.tracking.scenes import T_WORLD_CAM, l_block
from xsim_core.artifacts import Capture, ObjectTrack
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import inverse_se3
from xsim_core.pose_track import PoseTrackConfig, track_object
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import TrackerConfig, add_m

STAGE = Stage(
    name="pose_track",
    version=1,
    run=track_object,
    config=PoseTrackConfig,
    inputs={"capture": Capture},
    output=ObjectTrack,
)
POINTS = l_block().sample_surface(300, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def recording():
    """Arrays of a capture, true poses and the box of frames 0 and 6."""
    return synthetic_arrays(18)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore("memory://", scratch_root=tmp_path)


def track(store, arrays, config=None, **changes):
    capture = commit_capture(store, arrays, **changes)
    ref = run_stage(STAGE, config or PoseTrackConfig(), store, {"capture": capture.ref})
    return store.open(ref, ObjectTrack)


def test_track_in_the_world_with_segments_and_pictures(recording, store):
    arrays, truth, box = recording
    made = track(store, arrays, init_box_xyxy=box)
    errors = add_m(made.array("T_world_object"), truth, POINTS)
    assert np.median(errors) < 0.005
    assert errors.max() < 0.012
    assert np.linalg.norm(made.array("T_world_cam")[:3, 3] - T_WORLD_CAM[:3, 3]) < 0.015
    assert made.summary.num_ok == made.summary.num_frames == 18
    assert made.summary.num_segments == 1
    assert (made.summary.verdict, made.summary.passes_apart_m) == ("pass", None)
    first, last = made.array("segments")[0]
    assert 2 <= first <= 6
    assert 11 <= last <= 15
    assert made.summary.path_length_m == pytest.approx(0.17, abs=0.02)
    # This scene's hand follows the block a little above it.
    assert (made.array("contacts").shape, made.summary.contacts_s) == ((0, 2), ())
    assert 0.01 < np.nanmedian(made.array("gap_m")) < 0.03
    assert any("nothing is seen that touches it" in note for note in made.summary.notes)
    assert {"overlay.mp4", "overlay_0000.png", "trajectory.png"} <= set(made.file_names)
    assert made.read_file("trajectory.png").startswith(b"\x89PNG")
    assert b"ftyp" in made.read_file("overlay.mp4")[:16]


def test_box_in_a_later_frame_tracks_both_ways(recording, store):
    from tests.tracking.scenes import box_of, make_camera

    arrays, truth, _ = recording
    box = box_of(l_block(), truth[6], make_camera(400, 300))
    made = track(store, arrays, init_frame=6, init_box_xyxy=box)
    T_cam = inverse_se3(T_WORLD_CAM) @ truth
    assert add_m(made.array("T_cam_object"), T_cam, POINTS).max() < 0.008


def test_frames_behind_an_occluder_are_filled_and_flagged(recording, store):
    arrays, truth, box = recording
    hidden = {**arrays, "video/rgb": arrays["video/rgb"].copy()}
    hidden["video/depth_mm"] = arrays["video/depth_mm"].copy()
    for i in (9, 10):
        hidden["video/rgb"][i, :120] = 60
        hidden["video/depth_mm"][i, :200] = 400
    made = track(store, hidden, init_box_xyxy=box)
    status = made.array("status")
    assert (status[[9, 10]] != 0).all()
    assert (np.delete(status, [9, 10]) == 0).all()
    errors = add_m(made.array("T_world_object"), truth, POINTS)
    assert errors.max() < 0.02


def test_interrupted_run_resumes(recording, store, tmp_path, monkeypatch):
    arrays, truth, box = recording
    capture = commit_capture(store, arrays, init_box_xyxy=box)
    seen = []

    def interrupt(fraction, figures):
        seen.append(figures.get("frame", 0))
        if figures.get("frame", 0) >= 8:
            raise KeyboardInterrupt

    monkeypatch.setattr("xsim_core.pose_track._cpu.SAVE_EVERY_S", 0.0)
    monkeypatch.setattr("xsim_core.pose_track.track.REPORT_EVERY_S", 0.0)
    inputs = {"capture": capture.ref}
    with pytest.raises(KeyboardInterrupt):
        run_stage(STAGE, PoseTrackConfig(), store, inputs, progress=interrupt)
    again = []
    ref = run_stage(
        STAGE,
        PoseTrackConfig(),
        store,
        inputs,
        progress=lambda fraction, figures: again.append(figures["frame"]),
    )
    assert min(again) > 8
    made = store.open(ref)
    errors = add_m(made.array("T_world_object"), truth, POINTS)
    assert errors.max() < 0.012
    # What docs/stages/pose_track.md says of it: what was saved stays to the bit, the rest is near.
    whole = track(
        ArtifactStore("memory://", scratch_root=tmp_path / "whole"), arrays, init_box_xyxy=box
    )
    T, T_whole = made.array("T_cam_object"), whole.array("T_cam_object")
    np.testing.assert_array_equal(T[:9], T_whole[:9])
    assert add_m(T, T_whole, POINTS).max() < 0.001
    np.testing.assert_array_equal(made.array("status"), whole.array("status"))


def test_a_video_without_depth(recording, store):
    arrays, _, box = recording
    blind = {**arrays, "video/depth_mm": np.zeros_like(arrays["video/depth_mm"])}
    with pytest.raises(BadInputError, match="depth video is all zero"):
        track(store, blind, init_box_xyxy=box)


def test_a_mesh_in_millimetres(recording, store):
    arrays, _, box = recording
    big = {**arrays, "object/vertices": arrays["object/vertices"] * 1000}
    with pytest.raises(BadInputError, match="millimetres"):
        track(store, big, init_box_xyxy=box)


def test_a_mesh_ten_times_too_large(recording, store):
    arrays, _, box = recording
    big = {**arrays, "object/vertices": arrays["object/vertices"] * 10}
    with pytest.raises(BadInputError, match="Check the units"):
        track(store, big, init_box_xyxy=box)


def test_an_object_that_is_not_there(recording, store):
    arrays, _, _ = recording
    with pytest.raises(BadInputError, match="not found in the box"):
        track(store, arrays, init_box_xyxy=(60, 190, 110, 240))


def test_no_board_in_view(store):
    arrays, _, box = synthetic_arrays(2, show_board=False)
    with pytest.raises(BadInputError, match=r"ChArUco board .* was not found"):
        track(store, arrays, init_box_xyxy=box)


def test_an_object_lost_most_of_the_time(recording, store):
    arrays, _, box = recording
    order = np.r_[0, np.full(9, 1)]
    gone = {
        k: v[order] if k.startswith("video/") and k != "video/K" else v for k, v in arrays.items()
    }
    gone["video/timestamps_s"] = np.arange(10) / 10.0
    gone["video/rgb"][1:, :120], gone["video/depth_mm"][1:, :200] = 60, 400
    config = PoseTrackConfig(tracker=TrackerConfig(relocalise_every_s=0))
    with pytest.raises(QualityGateError, match="tracked in 10 % of 10 frames"):
        track(store, gone, config, init_box_xyxy=box)
