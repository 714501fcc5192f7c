"""ScanNet's own file says the same as its export to a folder."""

import numpy as np
import pytest

from tests.capture.readers.folders import layouts
from xsim_core.capture.readers import read_video, read_video_and_unit
from xsim_core.capture.readers.camera_paths.of_film import read_camera_path
from xsim_core.errors import BadInputError

from . import scans


def twice(images):
    return images.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize("colour", [scans.RAW, scans.PNG])
@pytest.mark.parametrize("depth", [scans.RAW, scans.ZLIB])
def test_both_cameras_come_out_to_the_byte(tmp_path, colour, depth):
    file = scans.write_sens(tmp_path / "scan.sens", colour=colour, depth=depth)
    video, unit = read_video_and_unit(file, notes := [])
    rgb, mm = layouts.film()
    np.testing.assert_array_equal(video.rgb, twice(rgb))
    np.testing.assert_array_equal(video.depth_mm, twice(mm))
    np.testing.assert_allclose(video.K, [[120, 0, 63.5], [0, 124, 47.5], [0, 0, 1]])
    np.testing.assert_allclose(video.timestamps_s, np.arange(layouts.N) * 0.033333)
    assert (unit.metres, unit.how) == (1e-3, "recorded")
    assert notes == ["scan.sens: depth is 64x48: brought into the colour camera, 128x96"]


def test_jpeg_is_colour_and_another_step_is_another_unit(tmp_path):
    file = scans.write_sens(tmp_path / "scan.sens", colour=scans.JPEG, steps_a_metre=500.0)
    video, _ = read_video_and_unit(file, [])
    rgb, mm = layouts.film()
    assert np.abs(video.rgb.astype(int) - twice(rgb)).mean() < 5  # Noise, packed as JPEG.
    np.testing.assert_allclose(video.depth_mm, twice(mm) * 2)


def test_it_says_what_its_export_to_a_folder_says(tmp_path):
    layouts.scannet(tmp_path / "folder")
    folder = read_video(tmp_path / "folder")
    file = scans.write_sens(tmp_path / "scan.sens")
    video = read_video(file)
    np.testing.assert_array_equal(video.depth_mm, folder.depth_mm)
    np.testing.assert_allclose(video.K, folder.K)
    path = read_camera_path(file, video, [])
    exported = read_camera_path(tmp_path / "folder" / "pose", folder, [])
    np.testing.assert_array_equal(path.has_pose, exported.has_pose)
    np.testing.assert_allclose(path.T[path.has_pose], exported.T[path.has_pose], atol=1e-6)
    assert (path.about.maps, path.about.axes) == ("camera_to_world", "opencv")


def test_times_that_do_not_rise_are_assumed_and_said(tmp_path):
    file = scans.write_sens(tmp_path / "scan.sens", times_us=[0] * layouts.N)
    video = read_video(file, notes := [])
    np.testing.assert_allclose(video.timestamps_s, np.arange(layouts.N) / 30)
    assert "scan.sens: its frames' times do not rise, 30 a second are assumed" in notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 3}, "no .sens of version 4: it begins with 3"),
        ({"depth": 2}, r"packed as 1 and depth as 2; read are .*0 \(raw\), 1 \(zlib\)"),
        ({"extrinsic": [[1, 0, 0, 0.035], *np.eye(4)[1:].tolist()]}, "differ .by 0.035 m"),
        ({"steps_a_metre": 0.0}, "0 steps a metre"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_mend(tmp_path, change, words):
    file = scans.write_sens(tmp_path / "scan.sens", **change)
    with pytest.raises(BadInputError, match=words):
        read_video(file)


@pytest.mark.parametrize("keep", [3, 100, 400, 20_000])
def test_a_file_that_ends_early_is_refused(tmp_path, keep):
    file = scans.write_sens(tmp_path / "scan.sens")
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(BadInputError, match=r"ends before its last frame does\. Copy"):
        read_video(file)
