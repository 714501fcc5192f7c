"""xsim_core/capture/readers/rooms/packed: files of the real writers mean what was packed."""

import gzip

import numpy as np
import pytest

from tests.capture.readers.rooms.packed_files import PACKED, N, packed, truth
from tests.capture.readers.rooms.rooms import SH_C0
from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.capture.readers.rooms.gaussians import holds_gaussians, read_gaussians
from xsim_core.capture.readers.rooms.read_room import read_room
from xsim_core.errors import BadInputError
from xsim_core.geometry import quat_wxyz_to_matrix


def written(folder, name, change=lambda data: data):
    path = folder / name
    path.write_bytes(change(packed(name)))
    return path


@pytest.mark.parametrize("name", PACKED)
def test_what_they_packed_comes_back(tmp_path, name):
    path = written(tmp_path, name)
    assert holds_gaussians(path)
    room, true = read_gaussians(path, []), truth()
    # Writers reorder: each is the one whose place is nearest.
    apart = np.linalg.norm(room["means"][:, None] - true["means"], axis=-1)
    of = apart.argmin(axis=1)
    assert sorted(of) == list(range(N))
    assert apart.min(axis=1).max() < 2e-3
    np.testing.assert_allclose(np.sort(room["scales"]), np.sort(true["scales"][of, :2]), rtol=0.035)
    np.testing.assert_allclose(room["opacities"], true["opacities"][of], atol=0.004)
    np.testing.assert_allclose(SH_C0 * room["sh0"] + 0.5, true["rgb"][of], atol=0.006)
    normals = quat_wxyz_to_matrix(room["quats_wxyz"].astype(float))[:, :, 2]
    expected = quat_wxyz_to_matrix(true["quats"][of])[:, :, 2]
    assert np.degrees(np.arccos(np.abs((normals * expected).sum(1)).clip(max=1))).max() < 1.2


def test_phones_axes_are_said(tmp_path):
    path = written(tmp_path, "version4.spz")
    notes = []
    read_room(path, RoomFileSpec(file=path.name), notes, root=tmp_path)
    assert "version4.spz has y up (.spz); taken as its .ply, with y down" in notes[0]


def test_the_second_version_keeps_three_of_a_quaternion(tmp_path):
    """No writer of it was at hand: version 3 with turns as ``load-spz.cc`` packs three."""
    data = bytearray(gzip.decompress(packed("version3.spz")))
    data[4] = 2
    quats = read_gaussians(written(tmp_path, "version3.spz"), [])["quats_wxyz"]
    q = truth()["quats"] * [1, 1, -1, -1]
    q *= np.sign(q[:, :1])
    data[-4 * N :] = np.rint(127.5 * q[:, 1:] + 127.5).astype(np.uint8).tobytes()
    (tmp_path / "v2.spz").write_bytes(gzip.compress(bytes(data)))
    again = read_gaussians(tmp_path / "v2.spz", [])["quats_wxyz"]
    assert np.abs((quats * again).sum(axis=1)).min() > 0.999


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("gsplat.splat", lambda d: d[:-5], "a .splat has 32 for each"),
        ("gsplat.compressed.ply", lambda d: d[:-20], "ends before its 6 Gaussians"),
        (
            "gsplat.compressed.ply",
            lambda d: d.replace(b"float min_scale_x", b"float min_scale_w"),
            "laid out as no compressed",
        ),
        ("supersplat.compressed.ply", lambda d: d.replace(b"vertex 6", b"vertex 999"), "999 Gauss"),
        ("version3.spz", lambda d: d[:40], "ends before its|damaged"),
        ("version3.spz", lambda d: b"NGSP", "no .spz"),
        ("version4.spz", lambda d: d[:4] + b"\x05" + d[5:], "version 5; 2 to 4 are read"),
        ("version4.spz", lambda d: d[:8] + b"\xff" * 4 + d[12:], "holds 4294967295 Gaussians"),
        ("version4.spz", lambda d: d[:112] + bytes(4) + d[116:], "damaged"),
        ("version4.spz", lambda d: d[:60], "names 5 attributes"),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path, name, change, match):
    with pytest.raises(BadInputError, match=match):
        read_gaussians(written(tmp_path, name, change), [])
