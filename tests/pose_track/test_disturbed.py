"""Recordings in which something went wrong: what is called ok is right, the rest says so.

The campaign with more films and figures is ``tests/benchmarks/tracking/bench_tracking.py``.
"""

import numpy as np
import pytest

from tests.pose_track.captures import commit_capture
from tests.pose_track.films import small_film
from tests.tracking.scenes import box_of
from xsim_core.artifacts import ObjectTrack
from xsim_core.errors import BadInputError
from xsim_core.film.frames import Video, open_video
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import INTERPOLATED, LOST, OK, ObjectTracker, add_m

CLAIM_M = 0.01


@pytest.fixture(scope="module")
def film():
    """Three seconds, ten frames in each; the block moves from 0.6 to 2.4 s."""
    return small_film(30)


def video_of(film):
    return Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)


def followed(film, *, start=0):
    """Status and error of each frame, tracked from the true pose in the first."""
    video, tracker = video_of(film), ObjectTracker(film.mesh, film.camera)
    tracker.set_pose(film.T_cam_object[start], float(film.timestamps_s[start]))
    poses = [
        tracker.track(video.rgb(i), video.depth_m(i), float(film.timestamps_s[i]))
        for i in range(start, len(film.rgb))
    ]
    T = np.array([pose.T_cam_object for pose in poses])
    errors = add_m(T, film.T_cam_object[start:], film.mesh.vertices[::4].astype(float))
    return np.array([pose.status for pose in poses]), errors


@pytest.mark.parametrize("init_frame", [0, 12], ids=["begun before", "begun meanwhile"])
def test_a_camera_that_stood_still_for_a_second_is_said_and_never_ok(film, tmp_path, init_frame):
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    frozen = film.frozen(10, 21)
    box = box_of(film.mesh, film.T_world_object[min(init_frame, 9)], film.camera)
    capture = commit_capture(store, frozen.arrays, init_frame=init_frame, init_box_xyxy=box)
    made = store.open(
        run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref}), ObjectTrack
    )
    status = made.array("status")
    assert (status[10:21] == LOST).all()
    assert (np.delete(status, np.s_[10:21]) == OK).all()
    points = film.mesh.vertices[::4].astype(float)
    errors = add_m(made.array("T_world_object"), film.T_world_object, points)
    assert errors[status == OK].max() < CLAIM_M
    assert made.summary.path_length_m == pytest.approx(film.path_m, abs=0.02)
    assert made.summary.num_segments == 1
    said = " ".join(made.notes)
    assert "lost in 11 of 30 frames (1.00–2.00 s)" in said
    assert "11 of 30 frames repeat the one before (1.00–2.00 s)" in said


@pytest.mark.parametrize("tells_time", [True, False], ids=["times tell", "frames numbered on"])
def test_frames_dropped_for_a_second(film, tells_time):
    kept = np.r_[np.arange(5, 9), np.arange(19, 24)]
    cut = film.taken(kept, None if tells_time else np.arange(len(kept)) / 10)
    status, errors = followed(cut)
    assert errors[status == OK].max() < CLAIM_M
    assert (status[:4] == OK).all()
    assert (status[-2:] == OK).all()


def test_another_object_of_like_shape_is_not_taken_for_it(film):
    """What lies where the object's colours are fits in depth; it does not look like it."""
    from tests.tracking.scenes import Scene, l_block, make_camera
    from xsim_core.geometry import make_se3, so3_exp

    camera = make_camera(320, 240)
    other = Scene(camera, l_block(7), seed=3)
    T = make_se3(so3_exp([0, 0, 0.7]), [0.5, 0.05, 0.0])
    views = [other.render(T) for _ in range(3)]
    tracker = ObjectTracker(film.mesh, film.camera)
    tracker.set_pose(film.T_cam_object[0], 0.0)
    video = video_of(film)
    assert tracker.track(video.rgb(0), video.depth_m(0), 0.0).status == OK
    found = [tracker.track(*view, t) for view, t in zip(views, (0.1, 0.3, 0.6), strict=True)]
    assert all(pose.status != OK for pose in found)


def test_nothing_moves_faster_than_a_hand(film):
    """Found 15 cm away after a hundredth of a second: that is not believed, after a while it is."""
    video = video_of(film)
    for later_s, expected in ((0.01, LOST), (0.25, OK)):
        tracker = ObjectTracker(film.mesh, film.camera)
        tracker.set_pose(film.T_cam_object[5], 0.5)
        tracker.track(video.rgb(5), video.depth_m(5), 0.5)
        found = tracker.track(video.rgb(24), video.depth_m(24), 0.5 + later_s)
        assert found.status == expected


def test_an_object_that_leaves_the_picture_and_comes_back_elsewhere(film):
    away = film.without_object(np.arange(8, 11)).taken(np.r_[6:11, 22:25])
    status, errors = followed(away)
    assert (status[:2] == OK).all()
    assert (status[2:5] != OK).all()
    assert (status[-2:] == OK).all()
    assert errors[status == OK].max() < CLAIM_M
    assert np.linalg.norm(np.subtract(*away.T_world_object[[-1, 1], :3, 3])) > 0.1


def test_a_covered_object_and_a_frame_without_depth_are_not_ok(film):
    spoilt = film.covered([7, 8]).without_depth([11]).taken(np.arange(5, 14))
    status, errors = followed(spoilt)
    assert (status[[2, 3, 6]] != OK).all()
    assert (status[[0, 1, -1]] == OK).all()
    assert errors[status == OK].max() < CLAIM_M


def test_repeats_are_told_from_stillness(film):
    frozen = video_of(film.frozen(3, 5))
    assert [frozen.is_repeat(i) for i in range(7)] == [False] * 3 + [True] * 2 + [False] * 2
    assert video_of(film.frozen(3, 5, ("depth_mm",))).is_repeat(4)
    blind = video_of(film.without_depth([3, 4]))
    assert not blind.is_repeat(4)
    # A clean rendering of a still scene: only what moves changes.
    clean = film.taken(np.zeros(8, int), np.arange(8) / 10)
    clean.rgb[4:, :20, :20] = 0
    clean.depth_mm[4:, :20, :20] = 400
    assert not any(video_of(clean).is_repeat(i) for i in range(8))


@pytest.mark.parametrize(
    ("factor", "told"), [(1000, "milliseconds: multiply by 0.001"), (1e6, "microseconds")]
)
def test_times_in_another_unit_are_refused_with_the_factor(film, tmp_path, factor, told):
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    slow = film.taken(np.arange(4), factor * film.timestamps_s[:4])
    capture = commit_capture(store, slow.arrays, init_box_xyxy=film.box)
    with pytest.raises(BadInputError, match=told):
        run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})
    assert open_video(capture).num_frames == 4


def test_times_that_do_not_rise_are_refused(film, tmp_path):
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    twice = film.taken(np.arange(4), [0.0, 0.1, 0.1, 0.2])
    capture = commit_capture(store, twice.arrays, init_box_xyxy=film.box)
    with pytest.raises(BadInputError, match="do not rise"):
        run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})


def test_short_repeats_are_filled_and_do_not_count_against_the_film():
    from xsim_core.errors import QualityGateError
    from xsim_core.pose_track.told import check_ok_share, notes_on

    status = np.array([OK, INTERPOLATED] * 6, np.int8)
    is_repeat = status == INTERPOLATED
    config = PoseTrackConfig(min_ok_share=0.9)
    check_ok_share(status, is_repeat, config)
    with pytest.raises(QualityGateError, match="tracked in 50 % of 12 frames"):
        check_ok_share(status, np.zeros(12, bool), config)
    lost = np.where(is_repeat, LOST, OK).astype(np.int8)
    with pytest.raises(QualityGateError, match="6 of them repeat the one before"):
        check_ok_share(lost, is_repeat, config)
    told = notes_on(lost, is_repeat, np.arange(12) / 4)
    assert "lost in 6 of 12 frames (0.25 s, 0.75 s, 1.25 s, 1.75 s, 2.25 s and 1 more" in told[0]
    assert notes_on(np.zeros(12, np.int8), np.zeros(12, bool), np.arange(12) / 4) == ()
