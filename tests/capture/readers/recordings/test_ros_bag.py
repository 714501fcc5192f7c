import base64
import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers import read_video, read_video_and_unit
from xsim_core.capture.readers.recordings.ros_bag import read_ros_bag
from xsim_core.capture.readers.recordings.ros_image import compressed_image, raw_image
from xsim_core.errors import BadInputError

from .bags import COLOUR, DEPTH, BagWriter
from .test_recordings import assert_same_video

KINDS = ("ros1", "ros2", "ros2 file", "ros2 mcap", "ros2 mcap file")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pad", [0, 24])
def test_bags_of_realsense_ros(kind, pad, video, tmp_path):
    bag = BagWriter(kind)
    bag.film(video, pad=pad, encoding="bgr8")
    read, unit = read_video_and_unit(bag.save(tmp_path), notes := [])
    assert_same_video(read, video)
    assert (unit.metres, unit.how) == (0.001, "assumed")
    assert f"colour from {COLOUR}, depth from {DEPTH}" in notes[0]


@pytest.mark.parametrize("kind", ["ros1", "ros2"])
def test_compressed_topics(kind, video, tmp_path):
    bag = BagWriter(kind)
    bag.film(video)
    bag.messages = [m for m in bag.messages if not m[0].endswith("image_raw")]
    for t, rgb, mm in zip(video.timestamps_s, video.rgb, video.depth_mm, strict=True):
        png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
        bag.compressed(f"{COLOUR}/compressed", 10 + t, png, "rgb8; png compressed bgr8")
        deep = bytes(12) + cv2.imencode(".png", mm)[1].tobytes()
        bag.compressed(f"{DEPTH}/compressedDepth", 10 + t, deep, "16UC1; compressedDepth png")
    assert_same_video(read_video(bag.save(tmp_path)), video)


def test_jpeg_keeps_the_order_of_colours(tmp_path, video):
    bag = BagWriter("ros2")
    bag.film(video)
    bag.messages = [m for m in bag.messages if m[0] != COLOUR]
    red = np.zeros((48, 64, 3), np.uint8) + np.array([200, 40, 10], np.uint8)
    for t in video.timestamps_s:
        buffer = io.BytesIO()
        Image.fromarray(red).save(buffer, "JPEG", quality=95)
        bag.compressed(
            f"{COLOUR}/compressed", 10 + t, buffer.getvalue(), "rgb8; jpeg compressed bgr8"
        )
    assert np.abs(read_video(bag.save(tmp_path)).rgb.astype(int) - red).max() < 4


def test_depth_of_floats_is_metres(video, tmp_path):
    bag = BagWriter("ros2")
    bag.film(video)
    bag.messages = [m for m in bag.messages if m[0] != DEPTH]
    for t, mm in zip(video.timestamps_s, video.depth_mm, strict=True):
        metres = (mm / 1000).astype(np.float32)
        metres[0, 0] = np.nan
        bag.image(DEPTH, 10 + t, metres, "32FC1")
    depth_mm = read_video(bag.save(tmp_path)).depth_mm
    assert (depth_mm[:, 0, 0] == 0).all()
    np.testing.assert_array_equal(depth_mm[:, 1:], video.depth_mm[:, 1:])


def test_quantised_compressed_depth_of_floats(video, tmp_path):
    bag = BagWriter("ros2")
    bag.film(video)
    bag.messages = [m for m in bag.messages if m[0] != DEPTH]
    a, b = 1e4 * 1.0, 0.0  # image_transport stores a / depth + b.
    for t, mm in zip(video.timestamps_s, video.depth_mm, strict=True):
        inverse = np.rint(a / (mm / 1000) + b).astype(np.uint16)
        data = struct.pack("<iff", 0, a, b) + cv2.imencode(".png", inverse)[1].tobytes()
        bag.compressed(f"{DEPTH}/compressedDepth", 10 + t, data, "32FC1; compressedDepth png")
    depth_mm = read_video(bag.save(tmp_path)).depth_mm.astype(int)
    assert np.abs(depth_mm - video.depth_mm).max() <= 1


RVL = [
    [0, 0, 0, 0, 0, 0, 0, 0],
    [31070, 7389, 12966, 0, 29069, 0, 0, 64776],
    [0, 0, 0, 0, 0, 19983, 32650, 9436],
    [0, 56673, 21303, 26291, 22870, 38115, 25319, 28359],
    [51142, 56699, 23461, 0, 39632, 0, 52114, 434],
    [60986, 63805, 0, 31285, 35447, 36767, 53526, 6486],
]
RVL_PACKED = base64.b85decode(
    "2mk;81^@s6pZYw38q16s=@HVd>mG9c?>Qy8mg_F<8nN2DE03HS`zWcY8m*tQ`Tn=O@3D_)-L0|sA(-AP6!)nf{%`2W&8#"
    "??6|smu$nlT)Ua2Uk{U4ay001EV"
)
"""By the codec of ros-perception/image_transport_plugins itself (7404d77)."""


def test_depth_packed_by_rvl_is_read():
    read = compressed_image(
        bytes(12) + RVL_PACKED, "16UC1; compressedDepth rvl", "topic", is_depth=True
    )
    np.testing.assert_array_equal(read, RVL)
    a, b = 1e4, -3.0
    header = struct.pack("<iff", 0, a, b)
    metres = compressed_image(
        header + RVL_PACKED, "32FC1; compressedDepth rvl", "topic", is_depth=True
    )
    stored = np.array(RVL, np.float64)
    np.testing.assert_allclose(metres, np.where(stored > 0, a / (stored - b), 0), rtol=1e-5)


@pytest.mark.parametrize(
    ("packed", "match"),
    [
        (RVL_PACKED[:-12], "damaged: .* of 48 pixels"),
        (RVL_PACKED[:8], "damaged: 0 of 48"),
        (bytes(8), "0x0"),
        (b"\xff" * 40, "million pixels"),
    ],
)
def test_damaged_rvl_is_one_sentence(packed, match):
    with pytest.raises(BadInputError, match=match):
        compressed_image(bytes(12) + packed, "16UC1; compressedDepth rvl", "topic", is_depth=True)


def test_a_png_whose_parts_claim_more_than_there_is_is_not_decoded(monkeypatch):
    depth = np.arange(12, dtype=np.uint16).reshape(3, 4)
    packed = cv2.imencode(".png", depth)[1].tobytes()
    form = "16UC1; compressedDepth png"
    read = compressed_image(packed + b"behind its end", form, "topic", is_depth=True)
    np.testing.assert_array_equal(read, depth)
    at = packed.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", packed, at)
    longer = packed[:at] + struct.pack(">I", length + 20) + packed[at + 4 :]
    monkeypatch.setattr(cv2, "imdecode", None)
    for damaged in (longer, packed[:-20]):
        with pytest.raises(BadInputError, match=r"topic: a frame .* its PNG is cut off"):
            compressed_image(damaged, form, "topic", is_depth=True)


@pytest.mark.parametrize("mode", ["FILE", "MESSAGE"])
def test_compressed_bags_are_read_as_the_folders_that_say_so(video, tmp_path, mode):
    bag = BagWriter("ros2")
    bag.film(video)
    folder = bag.save(tmp_path, compression=mode)
    np.testing.assert_array_equal(read_video(folder).depth_mm, video.depth_mm)
    (file,) = (p for p in folder.iterdir() if p.suffix != ".yaml")
    with pytest.raises(BadInputError, match=f"name its folder, {folder.name}, as 'video'"):
        read_video(file)


def test_zeros_bend_no_ros_camera(video, tmp_path):
    """As image_geometry has it, whatever the model."""
    bag = BagWriter("ros2")
    bag.film(video)
    bag.messages = [m for m in bag.messages if not m[0].endswith("camera_info")]
    for topic in (COLOUR, DEPTH):
        info = topic.rsplit("/", 1)[0] + "/camera_info"
        wh = video.rgb.shape[2], video.rgb.shape[1]
        bag.camera_info(info, video.K, wh, D=[0.0] * 4, model="equidistant")
    read = read_video(bag.save(tmp_path), notes := [])
    np.testing.assert_array_equal(read.rgb, video.rgb)
    assert not any("undone" in note for note in notes)


def test_depth_of_another_place_is_aligned_by_tf(video, tmp_path):
    bag = BagWriter("ros2")
    depth = "/camera/depth/image_rect_raw"
    bag.film(video, depth=depth)
    for m in bag.messages:
        if m[0] == depth:
            m[2].header.frame_id = "camera_depth_optical_frame"
    without = BagWriter("ros2", list(bag.messages))
    (tmp_path / "a").mkdir()
    with pytest.raises(BadInputError, match="no transform relates 'camera_depth_optical_frame'"):
        read_video(without.save(tmp_path / "a"))
    bag.tf_static([
        ("camera_link", "camera_depth_frame", (0, 0, 0), (0, 0, 0, 1)),
        ("camera_link", "camera_color_frame", (0, 0.015, 0), (0, 0, 0, 1)),
        # Optical axes: x right, y down, z forward.
        ("camera_depth_frame", "camera_depth_optical_frame", (0, 0, 0), (-0.5, 0.5, -0.5, 0.5)),
        ("camera_color_frame", "camera_color_optical_frame", (0, 0, 0), (-0.5, 0.5, -0.5, 0.5)),
    ])  # fmt: skip
    streams = read_ros_bag(bag.save(tmp_path), [])
    # The colour camera lies 15 mm to the left: its own x is to the right.
    expected = np.eye(4)
    expected[0, 3] = 0.015
    np.testing.assert_allclose(streams.T_colour_depth, expected, atol=1e-12)


def test_rectified_images_take_P_and_raw_ones_undo_D(video, tmp_path):
    wh = video.rgb.shape[2], video.rgb.shape[1]
    P = np.array([[55.0, 0, 30, 0], [0, 56, 22, 0], [0, 0, 1, 0]])
    for name, expected in (("image_rect_color", P[:, :3]), ("image_raw", video.K)):
        bag = BagWriter("ros2")
        bag.film(video, colour=f"/camera/color/{name}")
        bag.messages = [m for m in bag.messages if m[0] != "/camera/color/camera_info"]
        bag.camera_info("/camera/color/camera_info", video.K, wh, D=[-0.3, 0.1, 0, 0, 0], P=P)
        (tmp_path / name).mkdir()
        read = read_video(bag.save(tmp_path / name), notes := [])
        np.testing.assert_allclose(read.K, expected)
        assert any("distortion of up to" in n for n in notes) == (name == "image_raw")


@pytest.mark.parametrize(
    ("K", "message"),
    [
        (np.zeros((3, 3)), "is no pinhole matrix .* 0 0 0"),
        (np.diag([2.47e-321, 2.47e-321, 1.0]), "focal lengths 2.47e-321"),
        (np.eye(3), "focal lengths 1 and 1 px"),
    ],
)
def test_cameras_that_cannot_be_are_refused_with_topic_and_values(video, tmp_path, K, message):
    bag = BagWriter("ros2")
    bag.film(video)
    bag.messages = [m for m in bag.messages if m[0] != "/camera/color/camera_info"]
    bag.camera_info("/camera/color/camera_info", K, (64, 48))
    with pytest.raises(BadInputError, match=message) as caught:
        read_video(bag.save(tmp_path))
    assert "colo" in str(caught.value)


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("/color/image_raw", "holds no colour images .*its image topics: /camera/aligned_depth"),
        ("aligned_depth_to_color/image_raw", "holds no depth images"),
        ("color/camera_info", "does not tell the colour camera's intrinsics"),
    ],
)
def test_what_a_bag_lacks_is_said(video, tmp_path, drop, message):
    bag = BagWriter("ros1")
    bag.film(video)
    bag.messages = [m for m in bag.messages if not m[0].endswith(drop)]
    with pytest.raises(BadInputError, match=message):
        read_video(bag.save(tmp_path))


def test_two_cameras_are_named(video, tmp_path):
    bag = BagWriter("ros2")
    bag.film(video)
    bag.film(video, colour="/wrist/color/image_raw", depth=f"/wrist{DEPTH}")
    with pytest.raises(BadInputError, match=r"colour of 2 cameras .*/wrist/color/image_raw"):
        read_video(bag.save(tmp_path))


def test_clocks_that_differ_are_said(video, tmp_path):
    bag = BagWriter("ros2")
    bag.film(video)
    for topic, _, message in bag.messages:
        if topic == COLOUR:
            message.header.stamp.sec += 1_764_000_000
    with pytest.raises(BadInputError, match=r"Two different clocks .*Global Time Enabled"):
        read_video(bag.save(tmp_path))


def test_a_wrapped_clock_keeps_its_order(video, tmp_path):
    bag = BagWriter("ros2")
    bag.film(video)
    for topic, t_s, message in bag.messages:
        if topic in (COLOUR, DEPTH) and t_s < 10.15:
            message.header.stamp.sec += 4294 - 10
            message.header.stamp.nanosec += 800_000_000
        elif topic in (COLOUR, DEPTH):
            late = t_s - 10 + 4294.8 - 2**32 * 1e-6
            message.header.stamp.sec, message.header.stamp.nanosec = 0, round(late * 1e9)
    read = read_video(bag.save(tmp_path), notes := [])
    np.testing.assert_array_equal(read.rgb, video.rgb)
    np.testing.assert_allclose(read.timestamps_s, video.timestamps_s, atol=1e-4)
    assert sum("wraps after 4294.967 s" in note for note in notes) == 2


def test_rows_are_cut_to_their_step_and_wrong_sizes_refused():
    rows = np.arange(4 * 40, dtype=np.uint8).reshape(4, 40)
    np.testing.assert_array_equal(
        raw_image(rows.tobytes(), 4, 10, 40, "rgb8", "topic"), rows[:, :30].reshape(4, 10, 3)
    )
    big = np.arange(8, dtype=">u2").reshape(2, 4)
    read = raw_image(big.tobytes(), 2, 4, 8, "16UC1", "topic", is_bigendian=True)
    np.testing.assert_array_equal(read, big)
    for step, size, message in ((29, 116, "cannot have"), (40, 159, "cannot have 159 bytes")):
        with pytest.raises(BadInputError, match=message):
            raw_image(bytes(size), 4, 10, step, "rgb8", "topic")
    with pytest.raises(BadInputError, match="'bayer_rggb8' is not read"):
        raw_image(bytes(40), 4, 10, 10, "bayer_rggb8", "topic")
    with pytest.raises(BadInputError, match="4000000000x4000000000"):
        raw_image(b"", 4_000_000_000, 4_000_000_000, 1, "mono8", "topic")
