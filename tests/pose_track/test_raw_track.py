"""xsim_core/pose_track/raw_track.py: what a stopped tracking left, and which pose is better."""

import numpy as np

from xsim_core.geometry import make_se3
from xsim_core.pose_track.raw_track import RawTrack, better_of
from xsim_core.tracking import LOST, OCCLUDED, OK, TrackedPose


def pose(x, status=OK, score=0.8):
    return TrackedPose(make_se3(np.eye(3), [x, 0, 1]), status, score, 0.7)


def test_frames_are_done_once_they_were_put_and_survive_a_stop(tmp_path):
    path, track = tmp_path / "scratch" / "forward.npz", RawTrack.empty(4)
    assert not track.is_done.any()
    track.put(1, pose(0.3))
    track.put(2, pose(0.0, LOST, 0.0))
    track.save(path)
    found = RawTrack.load(path, 4)
    np.testing.assert_array_equal(found.is_done, [False, True, True, False])
    for name, values in vars(track).items():
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == values.dtype


def test_another_number_of_frames_nothing_or_half_a_file_is_a_fresh_start(tmp_path):
    path = tmp_path / "forward.npz"
    assert not RawTrack.load(path, 3).is_done.any()
    track = RawTrack.empty(3)
    track.put(0, pose(0.1))
    track.save(path)
    assert RawTrack.load(path, 3).is_done[0]
    assert not RawTrack.load(path, 5).is_done.any()
    path.write_bytes(path.read_bytes()[:-40])
    assert not RawTrack.load(path, 3).is_done.any()


def test_the_better_status_wins_and_then_a_clearly_higher_score():
    a, b = RawTrack.empty(6), RawTrack.empty(6)
    cases = [
        (pose(1, OK, 0.5), pose(2, OCCLUDED, 0.9), 1),
        (pose(1, OCCLUDED, 0.9), pose(2, OK, 0.5), 2),
        (pose(1, OK, 0.7), pose(2, OK, 0.9), 2),
        (pose(1, OK, 0.89), pose(2, OK, 0.9), 1),  # Too little to tell.
        (pose(1, LOST, 0.1), None, 1),
        (pose(1, LOST, 0.1), pose(2, LOST, 0.3), 2),
    ]
    for i, (left, right, _) in enumerate(cases):
        a.put(i, left)
        if right is not None:
            b.put(i, right)
    best = better_of(a, b, np.zeros((1, 3)))
    assert best.passes_apart_m == [1.0]  # Where both are sure they are a metre apart.
    np.testing.assert_array_equal(best.T_cam_object[:, 0, 3], [winner for *_, winner in cases])
    expected = [left if winner == 1 else right for left, right, winner in cases]
    np.testing.assert_array_equal(best.status, [p.status for p in expected])
    np.testing.assert_allclose(best.score, [p.score for p in expected])
