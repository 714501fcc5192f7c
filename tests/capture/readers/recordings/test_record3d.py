import zipfile

import lzfse
import numpy as np
import pytest

from xsim_core.capture.readers import read_video_and_unit
from xsim_core.errors import BadInputError

from . import phone
from .phone import metadata, write_r3d


def read(path):
    video, unit = read_video_and_unit(path, notes := [])
    return video, unit, notes


def test_depth_covers_colour_and_low_confidence_is_left_out(tmp_path):
    video, unit, notes = read(write_r3d(tmp_path / "film.r3d"))
    rgb, depth, _ = phone.frames()
    assert np.abs(video.rgb.astype(int) - rgb).max() < 6
    assert video.depth_mm.shape == (phone.N, phone.H, phone.W)
    np.testing.assert_allclose(video.K, phone.K)
    np.testing.assert_allclose(video.timestamps_s, np.arange(phone.N) / 30)
    assert (unit.metres, unit.how, unit.is_final) == (1.0, "recorded", True)
    for i in range(phone.N):
        assert video.depth_mm[i, 4, 4] == round(1000 * depth[i, 0, 0])
        assert video.depth_mm[i, 4, 60] == round(1000 * depth[i, 0, 30])
        np.testing.assert_array_equal(video.depth_mm[i, 20:24, 10:18], 0)
        assert (video.depth_mm[i] == 0).sum() == 4 * 8
    assert notes == ["film.r3d: depth of low confidence is left out (1.0% of it)"]


def test_an_edge_in_depth_stays_where_colour_has_it(tmp_path):
    """Depth pixel 20 of 32 begins at colour pixel 40 of 64."""
    video, _, _ = read(write_r3d(tmp_path / "film.r3d"))
    assert np.flatnonzero(np.diff(video.depth_mm[0, 2].astype(int)) == 50).tolist() == [39]


def test_truedepth_has_no_confidence_and_its_holes_are_nan(tmp_path):
    def change(files):
        depth = phone.frames()[1]
        depth[:, 3, 3] = np.nan
        for i in range(phone.N):
            del files[f"rgbd/{i}.conf"]
            files[f"rgbd/{i}.depth"] = lzfse.compress(depth[i].tobytes())

    video, _, notes = read(write_r3d(tmp_path / "film.r3d", change=change))
    assert notes == []
    np.testing.assert_array_equal(video.depth_mm[:, 6:8, 6:8], 0)
    assert (video.depth_mm == 0).sum() == 4 * phone.N


def test_autofocus_is_undone(tmp_path):
    """A frame whose lens is 10 % longer is shrunk to the others' scale."""
    focal = [[60, 60, 31.5, 23.5]] * phone.N
    focal[2] = [66, 66, 31.5, 23.5]
    told = metadata(perFrameIntrinsicCoeffs=focal)
    video, _, notes = read(write_r3d(tmp_path / "film.r3d", told=told))
    np.testing.assert_allclose(video.K, phone.K)
    red = video.rgb[2, 23, :, 0].astype(float)
    inner = np.arange(10, 54)
    np.testing.assert_allclose(red[inner], 3 * (31.5 + 1.1 * (inner - 31.5)), atol=4)
    assert "film.r3d: the lens was focused anew; frames are brought to one camera, by" in notes[0]


def test_images_of_another_size_scale_the_intrinsics(tmp_path):
    told = metadata(w=32, h=24, K=[30, 0, 0, 0, 30, 0, 15.5, 11.5, 1], perFrameIntrinsicCoeffs=[])
    video, _, notes = read(write_r3d(tmp_path / "film.r3d", told=told))
    np.testing.assert_allclose(video.K, [[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1]])
    assert any("is for 32x24 images (it says so): scaled to 64x48" in note for note in notes)


def test_a_missing_frame_leaves_its_gap_and_a_moved_phone_is_said(tmp_path):
    def change(files):
        del files["rgbd/2.depth"]

    told = metadata(poses=[[0, 0, 0, 1, 0.01 * i, 0, 0] for i in range(phone.N)])
    video, _, notes = read(write_r3d(tmp_path / "film.r3d", told=told, change=change))
    np.testing.assert_allclose(video.timestamps_s * 30, [0, 1, 3, 4], atol=1e-9)
    assert any("the phone moved by 4 cm" in note for note in notes)


def test_without_times_the_frame_rate_counts(tmp_path):
    told = metadata(frameTimestamps=[], fps=15)
    video, _, notes = read(write_r3d(tmp_path / "film.r3d", told=told))
    np.testing.assert_allclose(video.timestamps_s, np.arange(phone.N) / 15)
    assert "film.r3d: no times of frames, 15 frames a second as it says" in notes


def _big(files):
    files["rgbd/1.depth"] = bytes(1 << 20)


def _bomb(files):
    files["rgbd/1.depth"] = lzfse.compress(bytes(1 << 20))


@pytest.mark.parametrize(
    ("told", "change", "message"),
    [
        ({}, lambda f: f.pop("metadata"), r"is no \.r3d with metadata"),
        ({}, lambda f: f.update({"rgbd/1.depth": b"bvx2 no"}), r"rgbd/1\.depth is damaged"),
        ({}, _big, r"rgbd/1\.depth unpacks to more than 0\.0 MB"),
        ({}, _bomb, r"rgbd/1\.depth holds 1048576 bytes; metadata says 32x24, which are 3072"),
        ({}, lambda f: f.update({"rgbd/1.jpg": b"no"}), r"rgbd/1\.jpg: a frame cannot be decoded"),
        ({}, lambda f: f.update(metadata=b"{"), "is damaged or truncated"),
        ({"w": 0}, None, "says that it is 0x48"),
        ({"dw": 10**9, "dh": 10**9}, None, "says that it is 1000000000x1000000000"),
        ({"K": None, "perFrameIntrinsicCoeffs": None}, None, "metadata"),
        ({"frameTimestamps": None, "fps": 0}, None, "tells neither frameTimestamps nor"),
        ({"perFrameIntrinsicCoeffs": [[1e9, 60, 31, 23]] * 5}, None, "focal lengths 1e"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, told, change, message):
    path = write_r3d(tmp_path / "film.r3d", told=metadata(**told), change=change)
    with pytest.raises(BadInputError, match=message):
        read(path)


def test_no_archive_and_an_unpacked_one(tmp_path):
    path = write_r3d(tmp_path / "film.r3d")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "film")
    with pytest.raises(BadInputError, match="looks like an unpacked recording of Record3D"):
        read(tmp_path / "film")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInputError, match=r"film\.r3d is damaged or truncated"):
        read(path)
