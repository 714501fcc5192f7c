import io
import sqlite3
import struct

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.formats import RGBDVideo, write_photos, write_realsense, write_rgbd_folder
from xsim_core.capture.readers import images, read_mesh, read_photos, read_video
from xsim_core.capture.readers.depth_unit import DepthUnit, check_with_board
from xsim_core.capture.readers.intrinsics import Intrinsics
from xsim_core.capture.readers.recordings.realsense_playback import read_with_librealsense
from xsim_core.capture.readers.recordings.ros_image import compressed_image, to_rgb
from xsim_core.capture.readers.recordings.streams import Streams, pair_and_align
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh, make_se3
from xsim_core.render.shapes import l_block

from .bags import write_realsense_bag

SMALL = Intrinsics(np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1.0]]))


def assert_same_video(a, b):
    np.testing.assert_array_equal(a.rgb, b.rgb)
    np.testing.assert_array_equal(a.depth_mm, b.depth_mm)
    # Metadata keeps microseconds; the recording keeps intrinsics as float32.
    np.testing.assert_allclose(a.timestamps_s, b.timestamps_s, atol=2e-6)
    np.testing.assert_allclose(a.K, b.K, atol=1e-4)


def test_folder_round_trip(video, tmp_path):
    write_rgbd_folder(tmp_path, video)
    assert_same_video(read_video(tmp_path), video)


def test_db3_round_trip_is_lossless(video, tmp_path):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    assert_same_video(read_video(path), video)


def test_librealsense_plays_back_what_we_read(video, tmp_path):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    assert_same_video(pair_and_align(read_with_librealsense(path), path, [])[0], video)


def test_bag_is_read_without_librealsense(video, tmp_path):
    path = tmp_path / "recording.bag"
    write_realsense_bag(path, video)
    assert_same_video(read_video(path), video)


@pytest.mark.parametrize("suffix", [".db3", ".bag"])
def test_truncated_recording(video, tmp_path, suffix):
    path = tmp_path / f"recording{suffix}"
    (write_realsense if suffix == ".db3" else write_realsense_bag)(path, video)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match=r"damaged|truncated"):
        read_video(path)


def test_missing_and_foreign_recordings(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        read_video(tmp_path / "none.db3")
    (tmp_path / "fake.db3").write_bytes(b"hello world, no database")
    with pytest.raises(BadInputError, match="not an SQLite"):
        read_video(tmp_path / "fake.db3")
    (tmp_path / "fake.bag").write_bytes(b"hello")
    with pytest.raises(BadInputError, match="not a ROS 1"):
        read_video(tmp_path / "fake.bag")
    with pytest.raises(BadInputError, match=r"'\.mp4' is not a video we read"):
        read_video(tmp_path / "film.mp4")


def test_folder_without_depth(video, tmp_path):
    write_rgbd_folder(tmp_path, video)
    (tmp_path / "depth").rename(tmp_path / "deep")
    with pytest.raises(BadInputError, match="no depth"):
        read_video(tmp_path)


def test_streams_without_depth(tmp_path):
    streams = Streams(colour=[(0.0, np.zeros((4, 4, 3), np.uint8))], colour_camera=SMALL)
    with pytest.raises(BadInputError, match="no depth"):
        pair_and_align(streams, tmp_path, [])


def test_pairing_by_time_drops_what_has_no_partner(tmp_path):
    rgb, depth = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.uint16)
    streams = Streams(
        colour=[(t, rgb + i) for i, t in enumerate((0.0, 0.1, 0.2, 0.3))],
        depth=[(t, depth * i) for i, t in enumerate((0.105, 0.195, 0.31))],
        colour_camera=SMALL,
        depth_camera=SMALL,
        depth_unit=DepthUnit(0.0001, "recorded"),
    )
    notes: list[str] = []
    paired, _ = pair_and_align(streams, tmp_path, notes)
    assert notes == ["colour: 1 of 4 frames have no partner within 60 ms and were dropped"]
    assert paired.rgb[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert paired.depth_mm[:, 0, 0].tolist() == [0, 0, 0]  # 0.1 and 0.2 mm round to nothing.


def film(start_s, count=90, *, is_depth):
    """Frame i is marked by where it lies in real time, in thirtieths of a second."""
    t = start_s + np.arange(count) / 30
    pixels = np.ones((4, 4), np.uint16) if is_depth else np.ones((4, 4, 3), np.uint8)
    return [(float(s), pixels * pixels.dtype.type(round(30 * s))) for s in t]


@pytest.mark.parametrize("late_s", [0.0, 2.0, 4.0, 4.3, 5.0])
def test_a_stream_that_begins_later_is_no_wrapped_clock(tmp_path, late_s):
    """2^32 ns are 4.29 s."""
    streams = Streams(
        film(0.0, 240, is_depth=False),
        film(late_s, is_depth=True),
        SMALL,
        SMALL,
        DepthUnit(0.001, "recorded"),
    )
    video, _ = pair_and_align(streams, tmp_path, notes := [])
    np.testing.assert_array_equal(video.rgb[:, 0, 0, 0], video.depth_mm[:, 0, 0])
    assert not any("wraps" in note for note in notes)


def test_a_clock_that_wraps_between_the_first_frames_is_said(tmp_path):
    wrap_s = 2**32 * 1e-6
    streams = Streams(
        [(t + 0.02, image) for t, image in film(0.0, is_depth=False)],
        [((t + wrap_s - 0.01) % wrap_s, image) for t, image in film(0.0, is_depth=True)],
        SMALL,
        SMALL,
        DepthUnit(0.001, "recorded"),
    )
    video, _ = pair_and_align(streams, tmp_path, notes := [])
    np.testing.assert_array_equal(video.depth_mm[:, 0, 0] - video.rgb[:, 0, 0, 0], 1)
    assert sum("wraps after 4294.967 s" in note for note in notes) == 2


def test_depth_that_was_aligned_with_an_assumed_unit_is_not_mended_by_numbers(tmp_path):
    """Its pixels lie where depth ten times as far would."""
    streams = Streams(film(0.0, is_depth=False), film(0.0, is_depth=True), SMALL, SMALL)
    unit = pair_and_align(streams, tmp_path, [])[1]
    tenth = np.full((1, 4, 4), 10_000, np.uint16)
    assert (check_with_board(tenth, unit, 10.0, [])[0] == 1000).all()
    streams.T_colour_depth = make_se3(np.eye(3), [0.05, 0, 0])
    unit = pair_and_align(streams, tmp_path, [])[1]
    with pytest.raises(BadInputError, match=r"fits a unit of 0\.0001 m .* state depth_unit_m"):
        check_with_board(tenth, unit, 10.0, [])


def test_a_recording_of_too_many_pixels_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr(images, "MAX_STACK_PIXELS", 100)
    streams = Streams()
    for i in range(6):
        streams.keep(i / 30, np.ones((4, 4), np.uint16), "film: depth", is_depth=True)
        streams.keep(i / 30, np.ones((4, 4, 3), np.uint8), "film: colour", is_depth=False)
    with pytest.raises(BadInputError, match="film: depth: 7 images of 4x4 are"):
        streams.keep(0.2, np.ones((4, 4), np.uint16), "film: depth", is_depth=True)


@pytest.mark.parametrize("form", ["jpeg", "tiff", "png"])
def test_a_compressed_frame_is_refused_by_its_header(form, monkeypatch):
    monkeypatch.setattr(images, "MAX_IMAGE_PIXELS", 100)
    Image.new("RGB", (12, 12)).save(data := io.BytesIO(), form)
    with pytest.raises(BadInputError, match="topic: a frame says that it is 12x12"):
        compressed_image(data.getvalue(), form, "topic", is_depth=False)


def test_colour_formats():
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(to_rgb(rgb[..., ::-1], "bgr8"), rgb)
    with pytest.raises(BadInputError, match="raw10"):
        to_rgb(rgb, "raw10")


def test_photos(tmp_path):
    with pytest.raises(BadInputError, match="no photos"):
        read_photos(tmp_path)
    write_photos(tmp_path, np.full((3, 24, 32, 3), 90, np.uint8))
    assert read_photos(tmp_path).shape == (3, 24, 32, 3)
    Image.new("RGB", (30, 24)).save(tmp_path / "0009.jpg")
    with pytest.raises(BadInputError, match=r"30x24 but 0000\.jpg is 32x24"):
        read_photos(tmp_path)


def test_mesh_round_trip(tmp_path):
    mesh = l_block(texture_px=64)
    mesh.write_obj(tmp_path)
    read = read_mesh(tmp_path / "mesh.obj")
    np.testing.assert_allclose(read.vertices[read.faces], mesh.vertices[mesh.faces], atol=1e-6)
    np.testing.assert_allclose(read.uv[read.faces], mesh.uv[mesh.faces], atol=1e-6)
    np.testing.assert_array_equal(read.texture, mesh.texture)


@pytest.mark.parametrize(("factor", "unit"), [(1000, "millimetres"), (100, "centimetres")])
def test_mesh_in_another_unit(tmp_path, factor, unit):
    block = l_block(texture_px=64)
    TexturedMesh(block.vertices * factor, block.faces, block.uv, block.texture).write_obj(tmp_path)
    with pytest.raises(BadInputError, match=unit):
        read_mesh(tmp_path / "mesh.obj")


def test_mesh_without_texture_is_grey(tmp_path):
    path = tmp_path / "plain.obj"
    path.write_text("v 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nf 1 2 3\n")
    mesh = read_mesh(path)
    assert mesh.uv.shape == (3, 2)
    assert len(np.unique(mesh.texture)) == 1


def test_missing_mesh(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        read_mesh(tmp_path / "mesh.obj")


def _write_two_sensors(path, *, baseline_m, count=90):
    """A recording whose depth and colour come from different places, frame i marked i."""
    video = RGBDVideo(
        np.repeat(np.arange(count, dtype=np.uint8), 48 * 64 * 3).reshape(count, 48, 64, 3),
        np.repeat(np.arange(count, dtype=np.uint16) + 1000, 48 * 64).reshape(count, 48, 64),
        np.arange(count) / 30,
        np.array([[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1.0]]),
    )
    write_realsense(path, video, T_colour_depth=make_se3(np.eye(3), [baseline_m, 0, 0]))
    return video


def test_every_frame_of_unaligned_sensors_every_time(tmp_path):
    path = tmp_path / "recording.db3"
    video = _write_two_sensors(path, baseline_m=0.015)
    for _ in range(5):
        streams = read_with_librealsense(path)
        assert [len(streams.colour), len(streams.depth)] == [90, 90]
        np.testing.assert_array_equal([c[0, 0, 0] for _, c in streams.colour], range(90))
        np.testing.assert_array_equal([d[0, 0] - 1000 for _, d in streams.depth], range(90))
    read = read_video(path)
    assert len(read.rgb) == len(video.rgb)
    assert streams.depth_unit.how == "recorded"


def test_padded_rows_of_a_realsense_bag_are_cut(video, tmp_path):
    path = tmp_path / "recording.bag"
    write_realsense_bag(path, video, pad=16)
    assert_same_video(read_video(path), video)


def test_distortion_of_a_realsense_recording_is_undone(video, tmp_path):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    said, bent = b"model=None;coeffs=0,0,0,0,0", b"model=Brown Conrady;coeffs=-0.3,0.1,0,0,0"
    with sqlite3.connect(path) as db:
        for row, data in db.execute("SELECT id, data FROM messages").fetchall():
            if said in data:
                text = data[8:-1].replace(said, bent)
                new = data[:4] + struct.pack("<I", len(text) + 1) + text + b"\0"
                db.execute("UPDATE messages SET data = ? WHERE id = ?", (new, row))
    db.close()
    read = read_video(path, notes := [])
    assert sum("plumb_bob distortion of up to" in note for note in notes) == 2
    assert (read.rgb != video.rgb).any()


@pytest.mark.parametrize("unit_m", [0.0001, 0.00025])
def test_a_frames_own_unit_counts_where_the_option_is_missing(video, tmp_path, unit_m):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM topics WHERE name LIKE '%Depth_Units%'")
        for row, data in db.execute("SELECT id, data FROM messages").fetchall():
            new = data.replace(b"depth_units=0.001000", f"depth_units={unit_m:.6f}".encode())
            db.execute("UPDATE messages SET data = ? WHERE id = ?", (new, row))
    db.close()
    read = read_video(path)
    np.testing.assert_array_equal(read.depth_mm, np.rint(video.depth_mm * (unit_m * 1000)))


@pytest.mark.parametrize("suffix", [".db3", ".bag"])
def test_whatever_bytes_are_flipped_it_is_one_sentence_or_the_film(video, tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    (write_realsense if suffix == ".db3" else write_realsense_bag)(whole, video)
    path, rng, said = tmp_path / f"flipped{suffix}", np.random.default_rng(0), []
    for _ in range(60):
        data = bytearray(whole.read_bytes())
        for at in rng.integers(0, len(data), 8):
            data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            read_video(path)
        except BadInputError as error:
            said.append(str(error))
    assert len(said) > 5
    assert [text for text in said if "\n" in text or str(path) not in text] == []


STREAMS = (
    "Depth_0/camera_info",
    "Color_0/camera_info",
    "Depth_0/image/data",
    "Color_0/image/data",
    "Depth_0/image/metadata",
    "Color_0/image/metadata",
    "Depth_0/tf",
)


@pytest.mark.parametrize("topic", STREAMS)
def test_missing_topics_are_one_sentence(video, tmp_path, topic):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM topics WHERE name LIKE ?", (f"%{topic}%",))
    db.close()
    with pytest.raises(BadInputError, match=r"recording\.db3"):
        read_video(path)


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_a_lost_message_takes_only_its_own_frame(video, tmp_path, lost):
    path = tmp_path / "recording.db3"
    write_realsense(path, video)
    with sqlite3.connect(path) as db:
        (topic,) = db.execute(
            "SELECT id FROM topics WHERE name LIKE '%Color_0/image/metadata'"
        ).fetchone()
        rows = db.execute("SELECT id FROM messages WHERE topic_id = ?", (topic,)).fetchall()
        db.execute("DELETE FROM messages WHERE id = ?", rows[lost])
    db.close()
    read = read_video(path, notes := [])
    kept = [i for i in range(5) if i != lost]
    np.testing.assert_array_equal(read.rgb, video.rgb[kept])
    np.testing.assert_array_equal(read.depth_mm, video.depth_mm[kept])
    assert "depth: 1 of 5 frames" in notes[0]
