"""Reading in a process with limits: real crashes, hangs and bombs of that process."""

import io
import os
import signal
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.formats import write_photos, write_rgbd_folder
from xsim_core.capture.readers import read_mesh, read_photos, read_video
from xsim_core.capture.readers.apart import read_parts, read_truth_apart, read_world_apart
from xsim_core.capture.readers.limited import GIB, Limits
from xsim_core.capture.readers.synthesised import read_truth
from xsim_core.errors import BadInputError
from xsim_core.render.shapes import l_block


@pytest.fixture
def brought(tmp_path, video):
    write_rgbd_folder(tmp_path / "video", video)
    write_photos(tmp_path / "photos", np.full((3, 24, 32, 3), 90, np.uint8))
    l_block(texture_px=64).write_obj(tmp_path / "object")
    return tmp_path


def read(folder, **limits):
    place = folder / "place"
    place.mkdir(exist_ok=True)
    return read_parts(
        place,
        mesh=folder / "object/mesh.obj",
        mesh_root=folder,
        photos=folder / "photos",
        video=folder / "video",
        depth_unit_m=None,
        limits=Limits(memory_bytes=8 * GIB, **limits),
    ).whole()


def test_the_answer_is_what_the_readers_answer(brought):
    apart = read(brought)
    here = read_video(brought / "video", notes := [])
    for name in ("rgb", "depth_mm", "timestamps_s", "K", "source_frames"):
        np.testing.assert_array_equal(getattr(apart.video, name), getattr(here, name))
    np.testing.assert_array_equal(apart.photos, read_photos(brought / "photos"))
    mesh = read_mesh(brought / "object/mesh.obj")
    for name in ("vertices", "faces", "uv", "texture"):
        np.testing.assert_array_equal(getattr(apart.mesh, name), getattr(mesh, name))
    assert (apart.notes, apart.unit.metres, apart.unit.how) == (notes, 1e-3, "assumed")


def test_a_readers_sentence_comes_through(brought):
    (brought / "video" / "cam_K.txt").write_text("1 2 3")
    with pytest.raises(BadInputError, match=r"cam_K\.txt holds 3 numbers"):
        read(brought)


def test_what_needs_more_memory_than_there_is_is_a_sentence(brought):
    place = brought / "place"
    place.mkdir()
    with pytest.raises(BadInputError, match=r"memory|cannot be read"):
        read_parts(
            place,
            mesh=brought / "object/mesh.obj",
            mesh_root=brought,
            photos=brought / "photos",
            video=brought / "video",
            depth_unit_m=None,
            limits=Limits(memory_bytes=GIB // 8),
        )


def test_what_takes_too_long_is_a_sentence_that_names_the_file(brought):
    (brought / "video" / "depth" / "000002.png").unlink()
    os.mkfifo(brought / "video" / "depth" / "000002.png")  # Nobody ever writes into it.
    place = brought / "place"
    place.mkdir()
    # Of the video alone, so that it is what is read whenever the time is over.
    with pytest.raises(BadInputError, match=r"/video could not be read in 3 s"):
        read_parts(
            place,
            mesh=None,
            mesh_root=brought,
            photos=None,
            video=brought / "video",
            depth_unit_m=None,
            limits=Limits(memory_bytes=8 * GIB, time_s=3.0, time_s_per_mb=0.0),
        )


def test_an_answer_that_is_too_large_is_a_sentence(brought):
    with pytest.raises(BadInputError, match="cannot be read"):
        read(brought, file_bytes=2000)


def test_an_image_that_swells_is_refused_by_its_size(brought):
    png = io.BytesIO()

    def chunk(kind, data):
        png.write(len(data).to_bytes(4, "big") + kind + data)
        png.write(zlib.crc32(kind + data).to_bytes(4, "big"))

    png.write(b"\x89PNG\r\n\x1a\n")
    chunk(b"IHDR", (30000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0]))
    chunk(b"IDAT", zlib.compress(b""))
    (brought / "photos" / "0000.png").write_bytes(png.getvalue())
    with pytest.raises(BadInputError, match=r"0000\.png is too large"):
        read(brought)


def test_a_crash_is_a_sentence_that_names_the_file(brought, monkeypatch):
    """The child is ended as a decoder's segmentation fault ends it."""
    script = brought / "python"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
        "out = pathlib.Path(json.load(sys.stdin)['out'])\n"
        "(out / 'doing').write_text('video/recording.db3')\n"
        f"os.kill(os.getpid(), {int(signal.SIGSEGV)})\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(BadInputError, match=r"^video/recording\.db3 cannot be read: .*SIGSEGV"):
        read(brought)
    assert Path(script).is_file()


def test_truth_and_world_are_read_apart_too(brought):
    places = [brought / name for name in ("truth-place", "world-place")]
    for place in places:
        place.mkdir()
    truth = {"../../outside": np.arange(3), "photo_K": np.eye(3)}
    np.savez(brought / "truth.npz", **truth)
    read = read_truth_apart(places[0], truth=brought / "truth.npz")
    assert list(read) == list(truth)
    for name, values in truth.items():
        np.testing.assert_array_equal(read[name], values)
    assert not list(brought.parent.glob("outside*"))  # Names within a file are no paths.
    (brought / "world.json").write_text('{"name": "hall"}')
    mesh = brought / "object/mesh.obj"
    arrays, name = read_world_apart(places[1], spec=brought / "world.json", mesh=mesh)
    assert (name, arrays["spec_json"].tobytes()) == ("hall", b'{"name": "hall"}')
    for field in ("vertices", "faces", "uv", "texture"):
        np.testing.assert_array_equal(arrays[field], getattr(read_mesh(mesh), field))


def test_truth_of_a_compression_that_nobody_knows_is_one_sentence(brought):
    np.savez(brought / "truth.npz", odd=np.arange(3))
    data = bytearray((brought / "truth.npz").read_bytes())
    for signature, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = data.index(signature) + at
        data[place : place + 2] = (99).to_bytes(2, "little")
    (brought / "truth.npz").write_bytes(data)
    with pytest.raises(
        BadInputError, match=r"^.*truth\.npz is damaged .* Make the capture again.*$"
    ):
        read_truth(brought / "truth.npz")


def test_truth_whose_header_ends_early_is_one_sentence(brought):
    header = b"{'shape': ((((\n"
    with zipfile.ZipFile(brought / "truth.npz", "w") as made:
        made.writestr("odd.npy", b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(
        BadInputError, match=r"^.*truth\.npz is damaged .* Make the capture again.*$"
    ):
        read_truth(brought / "truth.npz")


def test_truth_that_swells_is_a_sentence(brought):
    limits = Limits(memory_bytes=GIB // 2)
    for name, size in (("sound", GIB // 1024), ("swollen", GIB // 2)):
        np.savez_compressed(brought / f"{name}.npz", depth=np.zeros(size, np.uint8))
        (brought / f"{name}-place").mkdir()
    sound = read_truth_apart(brought / "sound-place", truth=brought / "sound.npz", limits=limits)
    assert sound["depth"].shape == (GIB // 1024,)
    with pytest.raises(BadInputError, match=r"swollen\.npz.*(damaged|cannot be read)"):
        read_truth_apart(brought / "swollen-place", truth=brought / "swollen.npz", limits=limits)
