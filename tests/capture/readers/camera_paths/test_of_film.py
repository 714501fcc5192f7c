"""xsim_core/capture/readers/camera_paths: each form, and which pose is of which frame."""

import numpy as np
import pytest

from tests.capture.readers.camera_paths.paths import FORMS, N, poses, tum_lines, written
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.camera_paths.of_film import read_camera_path
from xsim_core.errors import BadInputError


def film(count=3, *, fps=15.0, **more):
    pixels = np.zeros((count, 1, 1, 3), np.uint8), np.zeros((count, 1, 1), np.uint16)
    return RGBDVideo(*pixels, np.arange(count) / fps, np.eye(3), **more)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_means_the_same_path(tmp_path, name):
    _, source = written(tmp_path, name)
    is_phone = name.endswith(".r3d")
    found = read_camera_path(source, film(N, fps=30) if is_phone else film(), notes := [])
    about = found.about
    convention = about.maps or "camera_to_world", about.axes or "opencv", about.unit_m or 1.0
    assert found.has_pose.all()
    assert notes == []
    np.testing.assert_allclose(found.poses(*convention), poses(N if is_phone else 3), atol=1e-6)
    assert about.has_metres == (name != "transforms.json")


def test_times_are_matched_once_each_and_never_across_a_gap(tmp_path):
    times = np.delete(np.arange(0, 0.5, 0.01), range(18, 33)) + 1305031102.1753
    T = np.tile(np.eye(4), (len(times), 1, 1))
    T[:, 0, 3] = times - times[0]
    np.savetxt(tmp_path / "gt.txt", tum_lines(times, T), fmt="%.6f")
    video = film(12, fps=25.0, began_s=times[0])
    found = read_camera_path(tmp_path / "gt.txt", video, notes := [])
    assert found.has_pose.tolist() == [not 0.19 < t < 0.31 for t in video.timestamps_s]
    near = np.abs(found.T[:, 0, 3] - video.timestamps_s)[found.has_pose]
    assert near.max() < 0.011
    assert "3 of 12 frames have no pose (the first is 5); they are not believed" in notes[0]


def test_poses_slower_than_the_film_are_used_once(tmp_path):
    T = np.tile(np.eye(4), (5, 1, 1))
    T[:, 0, 3] = np.arange(5)
    np.savetxt(tmp_path / "slow.txt", tum_lines(np.arange(5) / 15 + 1 / 60, T))
    found = read_camera_path(tmp_path / "slow.txt", film(10, fps=30.0), [])
    used = found.T[found.has_pose, 0, 3].tolist()
    assert sorted(set(used)) == sorted(used) == [0, 1, 2, 3, 4]


def test_open3d_s_tum_file_keeps_its_first_pose_and_counts_frames(tmp_path):
    """Open3D 0.20 writes the first pose onto the line of its comment, and indices for times."""
    T = np.tile(np.eye(4), (12, 1, 1))
    T[:, 0, 3] = np.arange(12)
    np.savetxt(tmp_path / "rest.txt", tum_lines(np.arange(12), T), fmt=["%d"] + 7 * ["%.6f"])
    head = "# TUM trajectory, format: <t> <x> <y> <z> <qx> <qy> <qz> <qw>"
    (tmp_path / "gt.txt").write_text(head + (tmp_path / "rest.txt").read_text())
    found = read_camera_path(tmp_path / "gt.txt", film(12), notes := [])
    assert found.has_pose.all()
    np.testing.assert_array_equal(found.T[:, 0, 3], np.arange(12))
    assert notes == ["gt.txt gives numbers of frames in place of times"]


def test_a_film_of_another_time_is_refused(tmp_path):
    np.savetxt(tmp_path / "gt.txt", tum_lines(np.arange(3) + 100.0, poses()))
    with pytest.raises(BadInputError, match=r"its times go from 100\.000 to 102\.000 s"):
        read_camera_path(tmp_path / "gt.txt", film(), [])


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.log", "0 0 1\n1 0 0 0\n", "three numbers and four rows"),
        ("a.json", '{"0": {"cam_K": []}}', "tells no camera's poses"),
        ("a.json", '{"parameters": [{"extrinsic": [1, 2]}]}', "16 numbers"),
        ("a.json", '{"frames": []}', "names no frame"),
        ("a.txt", "0 1 2 3\n", "a line of a pose 12 or 16"),
        ("a.csv", "1", "pose 0 is '1'; it must have 7 numbers"),
        ("a.csv", "frame, x, y, z, qw\n0", "lacks qx, qy, qz; Stray Scanner's is"),
        ("a.xyz", "1", "'.xyz' is no path we read"),
    ],
)
def test_what_is_no_path_is_refused_with_the_file(tmp_path, name, content, match):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInputError, match=match):
        read_camera_path(tmp_path / name, film(), [])


def test_lost_frames_of_scannet_count_as_none(tmp_path):
    T = poses()
    T[1] = -np.inf
    _, source = written(tmp_path, "pose/frame-000001.pose.txt", T)
    found = read_camera_path(source, film(), notes := [])
    assert found.has_pose.tolist() == [True, False, True]
    assert "the first is 1" in notes[0]


def test_a_phone_without_a_path_is_named(tmp_path):
    from tests.capture.readers.recordings.phone import metadata, write_r3d

    path = write_r3d(tmp_path / "face.r3d", told=metadata(poses=[[0, 0, 0, 1, 0, 0, 0]] * N))
    with pytest.raises(BadInputError, match="holds no poses of the phone"):
        read_camera_path(path, film(N, fps=30), [])
