"""The layouts of other programs hold the same film; what they tell wrongly is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers import read_video_and_unit, video_files
from xsim_core.errors import BadInputError

from . import layouts


def read(folder):
    notes = []
    video, unit = read_video_and_unit(folder, notes)
    return video, unit, notes


@pytest.mark.parametrize(
    ("lay", "unit_m", "how"),
    [
        (layouts.tum, 2e-4, "assumed"),
        (layouts.open3d, 1e-3, "assumed"),
        (layouts.bop, 1e-4, "recorded"),
        (layouts.foundationpose, 1e-3, "assumed"),
    ],
)
def test_each_layout_gives_the_same_film(tmp_path, lay, unit_m, how):
    lay(tmp_path)
    video, unit, _ = read(tmp_path)
    rgb, depth_mm = layouts.film()
    np.testing.assert_array_equal(video.rgb, rgb)
    np.testing.assert_array_equal(video.depth_mm, depth_mm)
    np.testing.assert_allclose(video.K, layouts.K)
    np.testing.assert_allclose(video.timestamps_s, np.arange(layouts.N) / 30, atol=1e-5)
    assert (unit.metres, unit.how) == (unit_m, how)


def test_what_a_layout_reads_is_its_identity(tmp_path):
    layouts.tum(tmp_path)
    folders, files = video_files(tmp_path)
    assert {p.name for p in folders} == {"rgb", "depth"}
    assert {p.name for p in files} == {"rgb.txt", "depth.txt", "camera.yaml"}


# TUM.


def test_tum_without_intrinsics_is_told_what_is_published(tmp_path):
    folder = tmp_path / "rgbd_dataset_freiburg1_xyz"
    layouts.tum(folder, camera=False)
    published = r"published for 640x480 are freiburg1: fx 517\.306"
    with pytest.raises(BadInputError, match=published) as caught:
        read(folder)
    assert "freiburg3: fx 535.4" not in str(caught.value)


def test_tums_lists_say_what_is_taken(tmp_path):
    """Names that are no times, an image that is missing, one that is not listed."""
    layouts.tum(tmp_path)
    lines = {}
    for kind, offset in (("rgb", 0.0), ("depth", 0.004)):
        files = sorted((tmp_path / kind).iterdir())
        for i, file in enumerate(files):
            file.rename(file.with_name(f"{kind}_{i}.png"))
        lines[kind] = [
            f"{10 + offset + i / 30:.6f} {kind}/{kind}_{i}.png" for i in range(layouts.N)
        ]
    del lines["rgb"][1]
    (tmp_path / "depth" / "depth_4.png").unlink()
    for kind, text in lines.items():
        (tmp_path / f"{kind}.txt").write_text("\n".join(text))
    video, unit, notes = read(tmp_path)
    assert video.names == ("rgb_0", "rgb_2", "rgb_3", "rgb_5")
    np.testing.assert_array_equal(video.depth_mm, layouts.film()[1][[0, 2, 3, 5]])
    np.testing.assert_allclose(video.timestamps_s * 30, [0, 2, 3, 5], atol=1e-4)
    assert unit.metres == 2e-4
    assert "depth.txt: 1 listed images are missing, left out: depth/depth_4.png" in notes


def test_lists_of_frame_numbers_are_no_times(tmp_path):
    layouts.tum(tmp_path)
    for kind in ("rgb", "depth"):
        files = sorted((tmp_path / kind).iterdir())
        text = "".join(f"{i} {kind}/{file.name}\n" for i, file in enumerate(files))
        (tmp_path / f"{kind}.txt").write_text(text)
    video, _, notes = read(tmp_path)
    np.testing.assert_allclose(np.diff(video.timestamps_s), 1 / 30)
    assert "rgb.txt and depth.txt give frame numbers: 30 frames a second assumed" in notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0 ../rgb/0.png\n", "line 1 names '../rgb/0.png'; images are looked for in rgb/"),
        ("# only a comment\n", "lists 0 images"),
        (f"1.0 rgb/{'n' * 300}.png\n", "lists 1 images, and none of them is there"),
        ("1.0 rgb/none.png\n", "lists 1 images, and none of them is there"),
        ("1.0\n", "line 1 is '1.0'; it must be a time in seconds and a file"),
    ],
)
def test_lists_that_cannot_be_followed(tmp_path, text, message):
    layouts.tum(tmp_path)
    (tmp_path / "rgb.txt").write_text(text)
    with pytest.raises(BadInputError, match=message):
        read(tmp_path)


# Open3D.


@pytest.mark.parametrize(
    ("scale", "unit_m"), [(1000.0, 1e-3), (4000, 2.5e-4), (0.001, 1e-3), (0.1, 1e-4), (1, 1e-3)]
)
def test_depth_scale_beside_intrinsics_is_the_unit(tmp_path, scale, unit_m):
    layouts.open3d(tmp_path, name="intrinsic.json", depth_scale=scale)
    _, unit, notes = read(tmp_path)
    assert (unit.metres, unit.how) == (unit_m, "recorded")
    assert any(f"depth_scale {scale:g} is taken as" in note for note in notes)


@pytest.mark.parametrize("scale", [-1, 50, "x", float("nan"), 1e9])
def test_depth_scales_that_mean_nothing_are_refused(tmp_path, scale):
    layouts.open3d(tmp_path, depth_scale=scale)
    with pytest.raises(BadInputError, match=r"depth_scale of .* means nothing we know"):
        read(tmp_path)


def test_a_declared_unit_must_not_contradict_the_recorded(tmp_path):
    layouts.bop(tmp_path)
    with pytest.raises(BadInputError, match=r"depth unit is 0\.0001 m, capture.yaml 0\.001"):
        read_video_and_unit(tmp_path, [], depth_unit_m=0.001)


# BOP.


def test_intrinsics_that_differ_are_brought_to_one_camera(tmp_path):
    """T-LESS crops: the principal point moves with the image."""
    rgb, depth_mm = layouts.film()
    moved = np.tile(layouts.K, (layouts.N, 1, 1))
    moved[:, 0, 2] += np.arange(layouts.N) % 3 - 1
    layouts.bop(tmp_path, cameras=list(moved))
    video, _, notes = read(tmp_path)
    np.testing.assert_allclose(video.K, layouts.K)
    for i, shift in ((0, 1), (1, 0), (2, -1)):
        inner = slice(2, 62)
        np.testing.assert_array_equal(
            video.depth_mm[i][:, inner], np.roll(depth_mm[i], shift, axis=1)[:, inner]
        )
        np.testing.assert_array_equal(
            video.rgb[i][:, inner], np.roll(rgb[i], shift, axis=1)[:, inner]
        )
    assert notes[-1] == (
        "scene_camera.json: intrinsics differ between images; 4 were brought to one camera, by "
        "1.0 px at most"
    )


def change(path, edit):
    told = json.loads(path.read_text())
    edit(told)
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("5"), r"has no camera for 1 of 6 images \(5\); it has 5, from 3 to 8"),
        (lambda c: c["4"].update(depth_scale=1.0), r"depth_scale differs between images \(0.1, 1"),
        (lambda c: c["4"].update(cam_K=[1, 2]), "cam_K of image 4 holds 2 numbers"),
        (lambda c: c["4"].pop("cam_K"), "KeyError"),
        (lambda c: c.update(x={}), "a key is no image's number"),
        (lambda c: c["4"].update(cam_K=[9e9, 0, 1, 0, 9e9, 1, 0, 0, 1]), "focal lengths 9e"),
        (lambda c: c.clear(), "must map the numbers of images"),
    ],
)
def test_scene_cameras_that_cannot_be(tmp_path, edit, message):
    layouts.bop(tmp_path)
    change(tmp_path / "scene_camera.json", edit)
    with pytest.raises(BadInputError, match=message):
        read(tmp_path)


def test_a_matrix_written_by_columns_is_said(tmp_path):
    layouts.bop(tmp_path, cameras=[layouts.K.T] * layouts.N)
    video, _, notes = read(tmp_path)
    np.testing.assert_allclose(video.K, layouts.K)
    assert any("column by column: it was transposed, and so were 5 more" in note for note in notes)


# What is there, but not read.


def test_depth_in_a_form_that_is_not_read_is_named(tmp_path):
    layouts.foundationpose(tmp_path)
    for file in (tmp_path / "depth").iterdir():
        file.rename(file.with_suffix(".exr"))
    with pytest.raises(BadInputError, match=r"holds \.exr, but no \.png"):
        read(tmp_path)


def test_grey_is_read_where_there_is_no_colour(tmp_path):
    layouts.bop(tmp_path)
    (tmp_path / "rgb").rename(tmp_path / "gray")
    for i, file in enumerate(sorted((tmp_path / "gray").iterdir())):
        Image.fromarray(layouts.film()[0][i, ..., 0]).save(file)
    video, _, _ = read(tmp_path)
    np.testing.assert_array_equal(video.rgb[..., 1], layouts.film()[0][..., 0])
