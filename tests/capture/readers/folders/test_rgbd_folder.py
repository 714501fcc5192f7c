import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.formats import write_rgbd_folder
from xsim_core.capture.readers import read_video, read_video_and_unit
from xsim_core.errors import BadInputError

N = 12
K = np.array([[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1.0]])


def write_film(folder, *, colour="{i}.png", depth="{i}.png", count=N, dtype=np.uint16, scale=1):
    """Frame i is grey i * 10 and i * 100 + 500 mm away."""
    for name in ("rgb", "depth"):
        (folder / name).mkdir()
    for i in range(count):
        Image.fromarray(np.full((48, 64, 3), 10 * i, np.uint8)).save(
            folder / "rgb" / colour.format(i=i, t=100.0 + i / 30)
        )
        values = np.full((48, 64), (500 + 100 * i) * scale, dtype)
        path = folder / "depth" / depth.format(i=i, t=100.011 + i / 30)
        if path.suffix == ".npy":
            np.save(path, values)
        else:
            Image.fromarray(values).save(path)
    np.savetxt(folder / "cam_K.txt", K)
    np.savetxt(folder / "timestamps.txt", np.arange(count) / 30)


def frames_of(video):
    """Each frame's number, as colour and as depth tell it."""
    return (video.rgb[:, 0, 0, 0] // 10).tolist(), ((video.depth_mm[:, 0, 0] - 500) // 100).tolist()


@pytest.mark.parametrize(
    ("colour", "depth"),
    [
        ("{i}.png", "{i}.png"),
        ("{i:06d}.jpg", "{i:06d}.png"),
        ("frame-{i:06d}.color.jpg", "frame-{i:06d}.depth.png"),
        ("color_{i}.png", "depth_{i:03d}.png"),
        ("IMG_20261129_{i}.png", "D_1_{i}.png"),
    ],
)
def test_frames_come_in_natural_order_and_pair_by_number(tmp_path, colour, depth):
    write_film(tmp_path, colour=colour, depth=depth)
    colours, depths = frames_of(read_video(tmp_path, notes := []))
    assert colours == depths == list(range(N))
    assert notes == []


def test_a_missing_frame_is_dropped_and_said(tmp_path):
    write_film(tmp_path)
    (tmp_path / "depth" / "3.png").unlink()
    (tmp_path / "rgb" / "7.png").unlink()
    video = read_video(tmp_path, notes := [])
    assert frames_of(video) == ([0, 1, 2, 4, 5, 6, 8, 9, 10, 11],) * 2
    np.testing.assert_allclose(video.timestamps_s * 30, [0, 1, 2, 4, 5, 6, 8, 9, 10, 11])
    assert notes == [
        "colour: 1 without a partner, dropped: 3",
        "depth: 1 without a partner, dropped: 7",
    ]
    assert video.source_frames.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]


def test_without_times_a_dropped_frame_leaves_its_gap(tmp_path):
    write_film(tmp_path)
    (tmp_path / "timestamps.txt").unlink()
    (tmp_path / "depth" / "3.png").unlink()
    video = read_video(tmp_path, notes := [])
    np.testing.assert_allclose(video.timestamps_s[2:4] * 30, [2, 4])
    assert "no timestamps.txt: 30 frames a second assumed" in notes


def test_names_that_are_times_pair_by_time(tmp_path):
    write_film(tmp_path, colour="{t:.6f}.png", depth="{t:.6f}.png", scale=5)
    (tmp_path / "timestamps.txt").unlink()
    (tmp_path / "depth" / "100.111000.png").unlink()
    video, unit = read_video_and_unit(tmp_path, notes := [], depth_unit_m=0.0002)
    assert frames_of(video) == ([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11],) * 2
    np.testing.assert_allclose(np.diff(video.timestamps_s)[:2], 1 / 30, atol=1e-6)
    assert notes == ["colour: 1 of 12 frames have no partner within 20 ms and were dropped"]
    assert unit.how == "declared"


def test_names_that_share_nothing_are_refused(tmp_path):
    write_film(tmp_path, colour="a{i}.png", depth="b{i}.png")
    for path in sorted((tmp_path / "depth").iterdir()):
        path.rename(path.with_name(f"b{int(path.stem[1:]) + 500}.png"))
    with pytest.raises(BadInputError, match="cannot be paired"):
        read_video(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n0.033\nx\n", "line 3 is 'x'"),
        ("", "holds no times"),
        ("0\n1\n2\n", "has 3 lines for 12 colour images"),
        ("".join(f"{i if i != 5 else 'nan'}\n" for i in range(N)), "line 6 is nan"),
        ("".join(f"{i - (i == 5)}\n" for i in range(N)), "line 6 has the time of the one before"),
        ("# s\n" + "".join(f"{i % 6}\n" for i in range(N)), "line 8 time goes back from 5"),
    ],
)
def test_times_files(tmp_path, text, message):
    write_film(tmp_path)
    (tmp_path / "timestamps.txt").write_text(text)
    with pytest.raises(BadInputError, match=message):
        read_video(tmp_path)


def test_times_in_milliseconds_and_utf16(tmp_path):
    write_film(tmp_path)
    text = "# time name\n" + "".join(f"{1000 * i / 30:.3f} {i}.png\n" for i in range(N))
    (tmp_path / "timestamps.txt").write_text(text, encoding="utf-16")
    video = read_video(tmp_path, notes := [])
    np.testing.assert_allclose(np.diff(video.timestamps_s), 1 / 30, atol=1e-5)
    assert [("utf-16" in n, "milliseconds" in n) for n in notes] == [(True, False), (False, True)]


@pytest.mark.parametrize("suffix", ["tiff", "npy"])
@pytest.mark.parametrize("scale", [0.001, 1.0])
def test_depth_as_floats(tmp_path, suffix, scale):
    write_film(tmp_path, depth="{i}." + suffix, dtype=np.float32, scale=scale)
    video, unit = read_video_and_unit(tmp_path, [])
    assert frames_of(video)[1] == list(range(N))
    assert unit.metres == (1.0 if scale == 0.001 else 1e-3)


def test_pictures_of_depth_are_no_depth(tmp_path):
    write_film(tmp_path, dtype=np.uint8, scale=0.05)
    with pytest.raises(BadInputError, match="not uint8: a picture of depth for people"):
        read_video(tmp_path)


def test_distortion_is_undone_and_said(tmp_path, video):
    write_rgbd_folder(tmp_path, video)
    (tmp_path / "cam_K.txt").unlink()
    (tmp_path / "camera_info.yaml").write_text(
        f"width: 64\nheight: 48\nk: {video.K.ravel().tolist()}\n"
        "distortion_model: plumb_bob\nd: [-0.3, 0.1, 0, 0, 0]\n"
    )
    read = read_video(tmp_path, notes := [])
    assert any("plumb_bob distortion of up to" in note for note in notes)
    assert set(np.unique(read.depth_mm)) <= {0, *np.unique(video.depth_mm)}
    assert (read.rgb != video.rgb).any()


def test_two_folders_of_colour_are_refused(tmp_path):
    write_film(tmp_path)
    (tmp_path / "color").mkdir()
    with pytest.raises(BadInputError, match="rgb and color"):
        read_video(tmp_path)


@pytest.mark.parametrize("maxval", [4095, 10000, 65535])
def test_depth_in_pgm_files_is_what_was_written(tmp_path, maxval):
    write_film(tmp_path)
    for i in range(N):
        values = np.full((48, 64), 500 + 100 * i, ">u2")
        values[0] = np.arange(64) * 37 + 1
        (tmp_path / "depth" / f"{i}.png").unlink()
        header = b"P5\n# a comment 9\n64 48\n%d\n" % maxval
        (tmp_path / "depth" / f"{i}.pgm").write_bytes(header + values.tobytes())
    video = read_video(tmp_path)
    np.testing.assert_array_equal(video.depth_mm[:, 0], np.tile(np.arange(64) * 37 + 1, (N, 1)))
    np.testing.assert_array_equal(video.depth_mm[:, 1, 0], 500 + 100 * np.arange(N))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((24, 64), np.uint16), r"3\.npy is 64x24 but 0\.npy is 64x48"),
        (np.ones((48, 64), np.float32), r"3\.npy holds float32 but 0\.npy uint16"),
        (np.ones(64, np.uint16), r"3\.npy is an array of shape \(64,\)"),
    ],
)
def test_arrays_of_depth_that_differ_are_refused(tmp_path, array, message):
    write_film(tmp_path, depth="{i}.npy")
    np.save(tmp_path / "depth" / "3.npy", array)
    with pytest.raises(BadInputError, match=message):
        read_video(tmp_path)


def test_padded_numbers_are_no_times(tmp_path):
    write_film(tmp_path, colour="{i:010d}.png", depth="{i:010d}.png")
    (tmp_path / "timestamps.txt").unlink()
    video = read_video(tmp_path, notes := [])
    np.testing.assert_allclose(np.diff(video.timestamps_s), 1 / 30)
    assert notes == ["no timestamps.txt: 30 frames a second assumed"]
