"""Depth of another size with intrinsics of its own: where colour shows it, or a refusal."""

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers import read_video, read_video_and_unit, video_files
from xsim_core.capture.readers.camera_paths.of_film import read_camera_path
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera

from . import layouts
from .test_film import write_film


def stray(folder, *, levels=None):
    """Stray Scanner's recording: depth of 32x24 beside a film of 64x48."""
    for name in ("depth", "confidence"):
        (folder / name).mkdir(parents=True)
    for i, mm in enumerate(layouts.film()[1]):
        Image.fromarray(mm[::2, ::2].copy()).save(folder / "depth" / f"{i:06d}.png")
        level = np.full((24, 32), 2, np.uint8) if levels is None else levels
        Image.fromarray(level).save(folder / "confidence" / f"{i:06d}.png")
    np.savetxt(folder / "camera_matrix.csv", layouts.K, delimiter=", ")
    write_film(folder / "rgb.mp4")
    rows = [f"{7 + i / 60}, {i:06d}, {0.01 * i}, 0, 0, 0, 0, 0, 1" for i in range(layouts.N)]
    header = "timestamp, frame, x, y, z, qx, qy, qz, qw"
    (folder / "odometry.csv").write_text("\n".join([header, *rows]) + "\n")


def twice(depth):
    return depth.repeat(2, axis=1).repeat(2, axis=2)


def test_scannets_depth_comes_into_the_larger_colour(tmp_path):
    layouts.scannet(tmp_path)
    video, unit = read_video_and_unit(tmp_path, notes := [])
    assert video.rgb.shape == (layouts.N, 96, 128, 3)
    np.testing.assert_array_equal(video.depth_mm, twice(layouts.film()[1]))
    np.testing.assert_allclose(video.K, [[120, 0, 63.5], [0, 124, 47.5], [0, 0, 1]])
    assert (unit.metres, unit.is_final) == (1e-3, False)
    told = "depth/ is 64x48 with a focal length of 60.0 px: brought into the colour camera, 128x96"
    assert told in notes
    files = {p.name for p in video_files(tmp_path)[1]}
    assert {f"{a}trinsic_{b}.txt" for a in ("in", "ex") for b in ("color", "depth")} == files


def test_scannets_poses_are_the_frames_own_and_lost_ones_are_none(tmp_path):
    layouts.scannet(tmp_path)
    path = read_camera_path(tmp_path / "pose", read_video(tmp_path), notes := [])
    assert path.has_pose.tolist() == [True, True, False, True, True, True]
    np.testing.assert_allclose(path.T[path.has_pose, 0, 3], [0, 0.01, 0.03, 0.04, 0.05])
    assert any("1 of 6 frames have no pose (the first is 2)" in note for note in notes)


def test_a_slanted_wall_is_where_the_colour_camera_sees_it(tmp_path):
    """Principal points and focal lengths differ: enlarging depth alone would be 40 mm off."""
    K_depth = np.array([[52, 0, 34.0], [0, 52, 22.0], [0, 0, 1]])
    layouts.scannet(tmp_path, K_depth=K_depth)

    def wall(camera):  # The plane z = 1 m + x.
        u = np.tile(np.arange(camera.width), (camera.height, 1))
        return 1000 / (1 - (u - camera.K[0, 2]) / camera.K[0, 0])

    small = np.rint(wall(PinholeCamera(64, 48, K_depth))).astype(np.uint16)
    for i in range(layouts.N):
        Image.fromarray(small).save(tmp_path / "depth" / f"{i}.png")
    video = read_video(tmp_path)
    right = wall(PinholeCamera(128, 96, video.K))
    seen = video.depth_mm[0] > 0
    assert seen.mean() > 0.9
    assert np.median(np.abs(video.depth_mm[0] - right)[seen]) < 8
    assert np.median(np.abs(twice(small[None])[0] - right)[seen]) > 40


def test_two_places_are_refused_as_no_one_says_which_way_they_map(tmp_path):
    T = np.eye(4)
    T[0, 3] = -0.035
    layouts.scannet(tmp_path, extrinsic=T)
    with pytest.raises(BadInputError, match=r"differ \(by 0\.035 m\).*into depth_to_color.txt"):
        read_video(tmp_path)


def test_where_the_depth_camera_stands_is_told_by_a_file(tmp_path):
    """A flat wall at 1 m through cameras 50 mm apart: shifted by f b / z in the colour camera."""
    layouts.scannet(tmp_path, colour_by=1)
    edge = np.full((48, 64), 1000, np.uint16)
    edge[:, 32:] = 800
    for i in range(layouts.N):
        Image.fromarray(edge).save(tmp_path / "depth" / f"{i}.png")
    T = np.eye(4)
    T[0, 3] = 0.05
    np.savetxt(tmp_path / "depth_to_color.txt", T)
    video, unit = read_video_and_unit(tmp_path, notes := [])
    assert unit.is_final
    assert "depth_to_color.txt: the depth camera stands 50.0 mm from colour's" in notes
    near = np.flatnonzero(video.depth_mm[0, 24] == 800)
    assert abs(near.min() - (32 + 60 * 0.05 / 0.8)) <= 1
    assert tmp_path / "depth_to_color.txt" in video_files(tmp_path)[1]


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.diag([1, -1, 1, 1.0]), "no rigid transform"),
        (np.diag([1000, 1000, 1000, 1.0]), "no rigid transform"),
        (
            np.eye(4) + np.eye(4, k=3) * 52.0,
            "would stand 52 m from colour's. Write the matrix in m",
        ),
        (np.eye(3), "no 4x4 matrix"),
    ],
)
def test_a_place_that_cannot_be_is_refused(tmp_path, matrix, words):
    layouts.scannet(tmp_path)
    np.savetxt(tmp_path / "depth_to_color.txt", matrix)
    with pytest.raises(BadInputError, match=words):
        read_video(tmp_path)


def test_depth_in_colours_pixels_stays_to_the_byte(tmp_path):
    layouts.scannet(tmp_path, colour_by=1)
    video = read_video(tmp_path, notes := [])
    np.testing.assert_array_equal(video.depth_mm, layouts.film()[1])
    assert not any("brought into" in note for note in notes)


def test_another_size_without_a_camera_of_its_own_is_refused(tmp_path):
    layouts.scannet(tmp_path)
    (tmp_path / "intrinsic" / "intrinsic_depth.txt").unlink()
    mend = "colour is 128x96 but depth 64x48; align depth to colour, or .* intrinsic_depth.txt"
    with pytest.raises(BadInputError, match=mend):
        read_video(tmp_path)


def test_a_phones_depth_comes_into_its_film_without_what_is_unsure(tmp_path):
    levels = np.tile(np.arange(32, dtype=np.uint8) % 3, (24, 1))
    stray(tmp_path, levels=levels)
    video, unit = read_video_and_unit(tmp_path, notes := [])
    sure = layouts.film()[1][:, ::2, ::2] * (levels > 0)
    np.testing.assert_array_equal(video.depth_mm, twice(sure))
    np.testing.assert_allclose(video.K, layouts.K)
    assert unit.metres == 1e-3
    assert "confidence/: depth of low confidence is left out (34.4% of it)" in notes
    path = read_camera_path(tmp_path / "odometry.csv", video, notes)
    assert (path.about.maps, path.about.axes) == ("camera_to_world", "opencv")
    np.testing.assert_allclose(path.T[:, 0, 3], 0.01 * np.arange(layouts.N))
    assert [p.name for p in video_files(tmp_path)[0]] == ["depth", "confidence"]


def test_a_phones_film_that_was_turned_is_refused(tmp_path):
    stray(tmp_path)
    for i in range(layouts.N):
        with Image.open(tmp_path / "depth" / f"{i:06d}.png") as image:
            turned = np.asarray(image).T.copy()
        Image.fromarray(turned).save(tmp_path / "depth" / f"{i:06d}.png")
        Image.fromarray(np.full((32, 24), 2, np.uint8)).save(
            tmp_path / "confidence" / f"{i:06d}.png"
        )
    with pytest.raises(BadInputError, match="neither turned nor cut"):
        read_video(tmp_path)
