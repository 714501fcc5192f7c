"""A track that somebody has: believed where mesh and depth agree, and refused with its slip."""

import numpy as np
import pytest

from tests.pose_track.captures import commit_capture, synthetic_arrays
from tests.pose_track.test_track import POINTS, STAGE
from tests.tracking.scenes import T_WORLD_CAM, l_block
from xsim_core.artifacts import Capture
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.tracks.of_film import read_track
from xsim_core.capture.readers.tracks.spec import TrackSpec
from xsim_core.checks.stillness import Stillness, Stretch
from xsim_core.errors import BadInputError
from xsim_core.exporters import export_artifact
from xsim_core.film.camera_path import CameraPath
from xsim_core.film.frames import Video
from xsim_core.film.world_frame import WorldFrame
from xsim_core.geometry import PinholeCamera, inverse_se3
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.pose_track._file import Given, open_given, track_video
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import LOST, OK, add_m

N = 6
CONFIG = PoseTrackConfig(backend="file")


@pytest.fixture(scope="module")
def recording():
    return synthetic_arrays(N, with_hand=False)


def in_camera(recording):
    return inverse_se3(T_WORLD_CAM) @ recording[1]


def run(tmp_path, recording, T, *, frame="camera", store=None):
    """The stage, whole."""
    arrays, _, box = recording
    store = store or ArtifactStore("memory://", scratch_root=tmp_path / "scratch")
    arrays = {**arrays, "track/T": np.array(T), "track/has_pose": np.ones(N, bool)}
    capture = commit_capture(store, arrays, init_box_xyxy=box, track_frame=frame)
    return store.open(run_stage(STAGE, CONFIG, store, {"capture": capture.ref}))


def take(recording, T, *, frame="camera", has_pose=None, box=None):
    """What the backend makes of poses: a raw track and notes."""
    arrays, _, drawn = recording
    video = Video(
        arrays["video/rgb"],
        arrays["video/depth_mm"],
        arrays["video/timestamps_s"],
        PinholeCamera(400, 300, arrays["video/K"]),
    )
    summary = Capture(
        name="table",
        object_name="block",
        num_frames=N,
        num_photos=0,
        fps=10.0,
        init_frame=0,
        init_box_xyxy=box or drawn,
        track_frame=frame,
    )
    still = Stillness(N, (Stretch(0, N - 1),), goes_on=False)
    path = CameraPath(WorldFrame(T_WORLD_CAM, None, 0), still)
    given = Given(np.array(T), np.ones(N, bool) if has_pose is None else has_pose, frame)
    return track_video(
        given, video, l_block(), summary, path, config=CONFIG, report=lambda _share, _said: None
    )


def scaled(T, factor):
    T = T.copy()
    T[:, :3, 3] *= factor
    return T


@pytest.mark.parametrize(
    ("frame", "said"),
    [("camera", "in the camera's frame, as stated"), ("unknown", "to be in the camera's frame")],
)
def test_right_poses_are_taken_as_they_are(recording, frame, said):
    raw, notes = take(recording, in_camera(recording), frame=frame)
    assert (raw.status == OK).all()
    assert (raw.score > 0.5).all()
    np.testing.assert_array_equal(raw.T_cam_object, in_camera(recording))
    assert f"the given track is taken {said}" in notes[0]


def test_what_was_exported_comes_back(tmp_path, recording):
    """`xsim export --to bop|npy|tum`, and in again: the same poses in the same frames."""
    store = ArtifactStore("memory://", scratch_root=tmp_path / "scratch")
    made = run(tmp_path, recording, in_camera(recording), store=store)
    times = made.array("timestamps_s")
    video = RGBDVideo(np.zeros((N, 1, 1, 3), np.uint8), np.zeros((N, 1, 1), np.uint16), times, 0)
    for to, name, frame, truth in (
        ("bop", "xsim_block-test.csv", "camera", made.array("T_cam_object")),
        ("npy", "block.npy", "robot", made.array("T_world_object")),
        ("tum", "trajectory.txt", None, made.array("T_world_object")),
    ):
        export_artifact(store, made.ref, to, tmp_path / to)
        path = tmp_path / to / name
        track = read_track(path, TrackSpec(file=name), video, notes := [])
        assert (track.frame, notes) == (frame, [])
        assert track.has_pose.all()
        np.testing.assert_allclose(track.T_frame_object, truth, atol=2e-8)
    again = run(tmp_path, recording, track.T_frame_object, frame="unknown")
    assert add_m(again.array("T_world_object"), made.array("T_world_object"), POINTS).max() < 2e-3
    assert again.summary.num_ok == N
    assert any("taken to be in the robot's frame" in note for note in again.summary.notes)


@pytest.mark.parametrize(
    ("slip", "mend"),
    [
        (inverse_se3, "inverted: true"),
        (lambda T: scaled(T, 1e3), "unit: mm"),
        (lambda T: T_WORLD_CAM @ T, "frame: robot"),
        (lambda T: np.diag([1.0, -1, -1, 1]) @ T, "OpenGL's"),
    ],
)
def test_the_usual_slips_are_named(recording, slip, mend):
    with pytest.raises(BadInputError, match=f"does not fit the film.*It would, by 0.* if .*{mend}"):
        take(recording, slip(in_camera(recording)))


def test_poses_of_another_film_are_refused(recording):
    wrong = in_camera(recording)
    wrong[:, 0, 3] += 0.15
    with pytest.raises(BadInputError, match="Nor does it inverted, in another unit or frame"):
        take(recording, wrong)


def test_a_pose_that_jumps_is_lost(recording):
    T = in_camera(recording)
    T[3, 1, 3] += 0.1
    raw, _ = take(recording, T)
    assert (raw.status == OK).tolist() == [True, True, True, False, True, True]
    assert raw.score[3] < 0.5


def test_frames_without_a_pose_are_lost(recording):
    has_pose = np.arange(N) != 5
    raw, _ = take(recording, in_camera(recording), has_pose=has_pose)
    assert raw.status[5] == LOST
    assert (raw.status[:5] == OK).all()


def test_the_first_pose_is_held_against_the_box(recording):
    box = tuple(x + d for x, d in zip(recording[2], (60, 0, 60, 0), strict=True))
    with pytest.raises(BadInputError, match="pose in frame 0 does not stand up to the box"):
        take(recording, in_camera(recording), box=box)


def test_a_first_pose_some_millimetres_off_is_taken_and_said(recording):
    """As annotations are; the tracker's own bounds are for poses that lie on the surface."""
    T = in_camera(recording)
    T[:, 2, 3] += 0.006
    raw, notes = take(recording, T)
    np.testing.assert_array_equal(raw.T_cam_object, T)
    assert (raw.status == OK).all()
    off_mm = float(notes[1].split("fits best ")[1].split(" mm")[0])
    assert 4 < off_mm < 8


def test_without_a_track_there_is_nothing_to_take(tmp_path, recording):
    arrays, _, box = recording
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    with pytest.raises(BadInputError, match="the capture holds no track: name it as `track:`"):
        open_given(commit_capture(store, arrays, init_box_xyxy=box))
