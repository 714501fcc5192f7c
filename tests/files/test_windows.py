"""xsim_core/files/windows.py, and that films go through it: nothing large is held whole."""

import re
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.formats import RGBDVideo, write_rgbd_folder
from xsim_core.capture.gates.first_frame import check_depth
from xsim_core.capture.readers import read_video
from xsim_core.capture.readers.intrinsics import Intrinsics
from xsim_core.capture.readers.recordings.streams import Streams, pair_and_align
from xsim_core.checks.lag import depth_lag
from xsim_core.checks.stillness import find_stillness
from xsim_core.files.windows import Spool, arrays_below, each, empty, let_go, save, windows
from xsim_core.scan.scan import undistorted
from xsim_core.scan.sfm import SfmModel
from xsim_core.storage import ArtifactStore, writer as writer_module

# Large beside what other threads of a process that ran many tests allocate (up to 3 MB were seen).
N, H, W = 90, 216, 288
FILM_BYTES = N * H * W * 5
"""Of colour and depth."""


@contextmanager
def held_at_most(folder, num_bytes):
    """Neither NumPy's memory nor what is mapped of files in ``folder`` grows beyond it."""
    tracemalloc.start()
    try:
        yield
        peak, mapped = tracemalloc.get_traced_memory()[1], resident_bytes(folder)
    finally:
        tracemalloc.stop()
    assert peak < num_bytes, f"{peak} bytes were held at once"
    assert mapped < num_bytes, f"{mapped} bytes of files are still held"


def resident_bytes(folder):
    found = re.findall(
        rf"{re.escape(str(folder))}.*\n(?:.*\n)*?Rss: +(\d+) kB",
        Path("/proc/self/smaps").read_text(),
    )
    return 1024 * sum(map(int, found))


@pytest.fixture
def film():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (N, H, W, 3), dtype=np.uint8)
    depth_mm = rng.integers(300, 900, (N, H, W), dtype=np.uint16)
    K = np.array([[100, 0, W / 2], [0, 100, H / 2], [0, 0, 1.0]])
    return RGBDVideo(rgb, depth_mm, np.arange(N) / 15, K)


def test_this_test_would_notice_a_film_that_is_held(film, tmp_path):
    with (
        pytest.raises(AssertionError, match="held at once"),
        held_at_most(tmp_path, FILM_BYTES // 4),
    ):
        film.rgb.copy()
    with arrays_below(tmp_path):
        mapped = empty(film.rgb.shape, np.uint8)
    with pytest.raises(AssertionError, match="still held"), held_at_most(tmp_path, FILM_BYTES // 4):
        mapped[...] = film.rgb
    let_go(mapped)
    assert resident_bytes(tmp_path) == 0
    np.testing.assert_array_equal(mapped, film.rgb)


@pytest.mark.parametrize("kind", ["mm", "metres", "lens"])
def test_a_folder_is_read_frame_by_frame(film, tmp_path, kind):
    write_rgbd_folder(tmp_path / "film", film)
    if kind == "metres":
        for i, depth_mm in enumerate(film.depth_mm):
            (tmp_path / f"film/depth/{i:06d}.png").unlink()
            np.save(tmp_path / f"film/depth/{i:06d}.npy", depth_mm.astype(np.float32) / 1000)
    if kind == "lens":
        (tmp_path / "film/cam_K.txt").unlink()
        (tmp_path / "film/camera_info.yaml").write_text(
            f"image_width: {W}\nimage_height: {H}\ndistortion_model: plumb_bob\n"
            f"camera_matrix: {{rows: 3, cols: 3, data: {film.K.ravel().tolist()}}}\n"
            "distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}\n"
        )
    held = read_video(tmp_path / "film")
    (tmp_path / "place").mkdir()
    with arrays_below(tmp_path / "place"), held_at_most(tmp_path / "place", FILM_BYTES // 4):
        read = read_video(tmp_path / "film")
    for name in ("rgb", "depth_mm", "timestamps_s", "K"):
        np.testing.assert_array_equal(getattr(read, name), getattr(held, name))
    assert (kind == "lens") == (read.rgb != film.rgb).any()


@pytest.mark.parametrize("shift_m", [0.0, 0.01])
def test_a_recording_is_paired_frame_by_frame(film, tmp_path, monkeypatch, shift_m):
    monkeypatch.setattr("xsim_core.files.windows.WINDOW_BYTES", 1 << 16)
    camera = Intrinsics(film.K, (W, H))

    def paired():
        streams = Streams(colour_camera=camera, depth_camera=camera)
        streams.T_colour_depth[0, 3] = shift_m
        for t, rgb, mm in zip(film.timestamps_s, film.rgb, film.depth_mm, strict=True):
            streams.keep(t, rgb, "here", is_depth=False)
            streams.keep(t, mm, "here", is_depth=True)
        return pair_and_align(streams, tmp_path, [])[0]

    held = paired()
    # Bringing one frame of depth into another camera takes more than the frame.
    with arrays_below(tmp_path), held_at_most(tmp_path, FILM_BYTES // (3 if shift_m else 4)):
        read = paired()
    np.testing.assert_array_equal(read.rgb, film.rgb)
    np.testing.assert_array_equal(read.depth_mm, held.depth_mm)


@pytest.mark.parametrize("radial", [0.0, -0.08])
def test_photos_are_undistorted_one_by_one(film, tmp_path, radial):
    chosen = np.arange(0, N, 2)
    model = SfmModel(
        chosen,
        np.zeros((len(chosen), 4, 4)),
        film.K,
        radial,
        np.zeros((0, 3)),
        np.zeros((0, 3), np.uint8),
        0.0,
    )
    held, camera = undistorted(film.rgb, model)
    np.save(tmp_path / "photos.npy", film.rgb)
    photos = np.load(tmp_path / "photos.npy", mmap_mode="r")
    with arrays_below(tmp_path), held_at_most(tmp_path, held.nbytes // 4):
        images, _ = undistorted(photos, model)
    np.testing.assert_array_equal(images, held)
    assert (radial == 0) == (images == film.rgb[chosen]).all() == (camera.K == film.K).all()


def test_frames_are_written_by_the_shard(film, tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "SHARD_BYTES", 4 * H * W * 3)
    np.save(tmp_path / "rgb.npy", film.rgb)
    rgb = np.load(tmp_path / "rgb.npy", mmap_mode="r")
    out = ArtifactStore((tmp_path / "store").as_uri()).begin("capture", "ab" * 12)
    out.group  # noqa: B018 imports what Zarr needs
    with held_at_most(tmp_path / "rgb.npy", FILM_BYTES // 4):
        out.write("video/rgb", rgb)
    array = out.group["video/rgb"]
    assert array.shards == (4, H, W, 3)
    assert array.chunks == (1, H, W, 3)
    np.testing.assert_array_equal(array[...], film.rgb)


@pytest.mark.parametrize(
    "gate",
    [
        lambda film: depth_lag(film.rgb, film.depth_mm),
        lambda film: find_stillness(film.rgb),
        lambda film: check_depth(film, Path("film")),
    ],
    ids=["lag", "stillness", "depth"],
)
def test_a_gate_gives_back_what_it_has_seen(film, tmp_path, gate):
    with arrays_below(tmp_path):
        rgb, depth_mm = empty(film.rgb.shape, np.uint8), empty(film.depth_mm.shape, np.uint16)
    rgb[...], depth_mm[...] = film.rgb, film.depth_mm
    let_go(rgb)
    let_go(depth_mm)
    gate(replace(film, rgb=rgb, depth_mm=depth_mm))
    assert resident_bytes(tmp_path) < FILM_BYTES // 4


def test_windows_cover_an_array_once():
    array = np.arange(10)
    assert [array[part].tolist() for part in windows(array, 4)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert [array[part].tolist() for part in windows(array)] == [array.tolist()]
    assert list(windows(array[:0])) == []


def test_each_goes_through_all_or_through_those_chosen():
    rows = np.arange(12).reshape(4, 3)
    np.testing.assert_array_equal(list(each(rows)), rows)
    np.testing.assert_array_equal(list(each(rows, [2, 0])), rows[[2, 0]])


def test_a_private_mapping_keeps_what_was_written_into_it(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(9000))
    private = np.load(tmp_path / "a.npy", mmap_mode="c")
    private[:] = 7
    let_go(private[2:])
    assert (private == 7).all()


def test_what_lies_there_already_is_saved_by_its_name(tmp_path):
    with arrays_below(tmp_path):
        large = empty((100, 100), np.float64)
    large[...] = 3
    part, small = large[:50], empty((2, 2), np.int8)
    small[...] = 1
    for name, array in (("part", part), ("large", large), ("small", small)):
        save(tmp_path / f"{name}.npy", array)
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), array)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["large.npy", "part.npy", "small.npy"]


@pytest.mark.parametrize("turn", [np.flipud, np.fliplr, np.transpose])
def test_what_was_turned_since_is_saved_as_it_is(tmp_path, turn):
    with arrays_below(tmp_path):
        square = empty((100, 100), np.float64)
    square[...] = np.arange(10_000).reshape(100, 100)
    save(tmp_path / "turned.npy", turn(square))
    np.testing.assert_array_equal(np.load(tmp_path / "turned.npy"), turn(square))


def test_a_spool_keeps_images_of_any_number_and_size(monkeypatch):
    monkeypatch.setattr("xsim_core.files.windows.WINDOW_BYTES", 100)
    spool, images = Spool(), [np.full((3, 4 + (i == 5)), i, np.uint8) for i in range(30)]
    kept = [spool.add(image) for image in images]
    for image, copy in zip(images, kept, strict=True):
        np.testing.assert_array_equal(copy, image)
        assert not np.shares_memory(copy, image)
    assert spool.add(np.zeros((0, 4), np.uint8)).shape == (0, 4)
