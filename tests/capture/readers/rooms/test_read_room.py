"""xsim_core/capture/readers/rooms: meshes and Gaussian files as flat Gaussians of the world."""

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from tests.capture.readers.rooms.rooms import SH_C0, flat_room
from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.capture.readers.rooms.read_room import read_room
from xsim_core.errors import BadInputError
from xsim_core.exporters.gaussians import COLUMNS_2DGS, COLUMNS_3DGS
from xsim_core.geometry import make_se3, quat_wxyz_to_matrix, transform_points
from xsim_core.geometry.gaussian_ply import COLUMNS, encode_ply

T = make_se3(Rotation.from_euler("xyz", [90, 0, 40], degrees=True).as_matrix(), [0.3, -0.2, 0.1])


def read(path, **said):
    notes = []
    return read_room(path, RoomFileSpec(file=path.name, **said), notes, root=path.parent), notes


def turned():
    room = flat_room(0.05)
    rng = np.random.default_rng(0)
    n = len(room["means"])
    room["quats_wxyz"] = Rotation.random(n, rng=rng).as_quat(scalar_first=True).astype(np.float32)
    room["scales"] = rng.uniform(0.004, 0.03, (n, 2)).astype(np.float32)
    return room


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS_3DGS, COLUMNS_2DGS])
def test_what_our_exporters_write_comes_back(tmp_path, columns):
    room = turned()
    (tmp_path / "room.ply").write_bytes(encode_ply(room, columns))
    back, notes = read(tmp_path / "room.ply")
    assert len(notes) == 1
    for name in ("means", "opacities", "sh0"):
        np.testing.assert_allclose(back[name], room[name], atol=1e-5)
    np.testing.assert_allclose(
        np.sort(back["scales"], axis=1), np.sort(room["scales"], axis=1), rtol=1e-4
    )
    along = np.abs((_normals(back) * _normals(room)).sum(axis=1))
    np.testing.assert_allclose(along, 1, atol=1e-5)


def test_mip_splatting_s_filter_widens_and_fades(tmp_path):
    """As its ``save_fused_ply`` would have written them (scene/gaussian_model.py)."""
    room = turned()
    by = np.random.default_rng(1).uniform(0, 0.02, len(room["means"]))
    data, table = encode_ply(room, COLUMNS_3DGS).split(b"end_header\n", 1)
    rows = np.frombuffer(table, "<f4").reshape(len(by), -1)
    head = data + b"property float filter_3D\nend_header\n"
    (tmp_path / "room.ply").write_bytes(head + np.c_[rows, by].astype("<f4").tobytes())
    back, _ = read(tmp_path / "room.ply")
    before = np.c_[room["scales"], np.full(len(by), 1e-5)].astype(float)
    after = np.sqrt(before**2 + by[:, None] ** 2)
    faded = room["opacities"] * np.sqrt((before**2).prod(axis=1) / (after**2).prod(axis=1))
    seen = faded > 1 / 255
    assert 0 < seen.sum() < len(by)
    np.testing.assert_allclose(back["opacities"], faded[seen], rtol=1e-3)
    np.testing.assert_allclose(
        np.sort(back["scales"], axis=1), np.sort(after[seen, :2], axis=1), rtol=1e-3
    )


def _normals(room):
    return quat_wxyz_to_matrix(room["quats_wxyz"].astype(float))[:, :, 2]


def test_pose_and_unit_are_applied(tmp_path):
    room = turned()
    (tmp_path / "room.ply").write_bytes(encode_ply(room, COLUMNS_2DGS))
    back, _ = read(tmp_path / "room.ply", T_world_room=T.tolist(), metres_per_unit=0.5)
    means = transform_points(T, 0.5 * room["means"].astype(float))
    np.testing.assert_allclose(back["means"], means, atol=1e-5)
    np.testing.assert_allclose(_normals(back), _normals(room) @ T[:3, :3].T, atol=1e-5)
    np.testing.assert_allclose(back["scales"], 0.5 * room["scales"], rtol=1e-5)


def test_the_longer_two_of_three_scales_span_the_disc_and_thick_ones_are_said(tmp_path):
    room = turned()
    n = len(room["means"])
    data = bytearray(encode_ply(room, COLUMNS))
    table = np.frombuffer(data, "<f4", n * len(COLUMNS), data.index(b"end_header\n") + 11)
    table = table.reshape(n, len(COLUMNS))
    at = COLUMNS.index("scale_0")
    table[:, at : at + 3] = np.log([0.001, 0.02, 0.01])
    (tmp_path / "thin.ply").write_bytes(data)
    back, _ = read(tmp_path / "thin.ply")
    np.testing.assert_allclose(back["scales"], np.tile([0.02, 0.01], (n, 1)), rtol=1e-5)
    axes = quat_wxyz_to_matrix(room["quats_wxyz"].astype(float))
    np.testing.assert_allclose(np.abs((_normals(back) * axes[:, :, 0]).sum(1)), 1, atol=1e-5)
    table[:, at : at + 3] = np.log([0.009, 0.02, 0.01])
    (tmp_path / "thick.ply").write_bytes(data)
    assert "100% of the Gaussians of thick.ply are not flat" in read(tmp_path / "thick.ply")[1][0]


def test_a_mesh_is_covered_with_discs_of_its_colours(tmp_path):
    box = trimesh.creation.box((1.0, 0.8, 0.02))
    box.visual.vertex_colors = np.tile([200, 100, 50, 255], (8, 1))
    box.export(tmp_path / "scan.glb")
    room, notes = read(tmp_path / "scan.glb", T_world_room=T.tolist())
    back = transform_points(np.linalg.inv(T), room["means"].astype(float))
    assert np.abs(np.abs(back) / [0.5, 0.4, 0.01]).max(axis=1) == pytest.approx(1, abs=1e-4)
    on_top = np.abs(back[:, 2] - 0.01) < 1e-4
    up = np.abs(_normals(room)[on_top] @ T[:3, 2])
    assert (up > 0.99).mean() > 0.9
    # glTF's colours of vertices are linear; pictures are not.
    shown = 1.055 * (np.array([200, 100, 50]) / 255) ** (1 / 2.4) - 0.055
    assert SH_C0 * room["sh0"].mean(0) + 0.5 == pytest.approx(shown, abs=0.01)
    assert "1.3 m across" in notes[-1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d[:-40], "ends before its"),
        (lambda d: d.replace(b"binary_little_endian", b"ascii"), "no binary little-endian PLY"),
        (lambda d: d.replace(b"float opacity", b"float oopacity"), "lacks the columns opacity"),
        (lambda d: d.replace(b"float nx", b"list uchar float nx"), "columns that are lists"),
        (lambda d: d.replace(b"element vertex", b"element pertex"), "begin with its vertices"),
    ],
)
def test_damaged_files_are_refused(tmp_path, change, match):
    (tmp_path / "room.ply").write_bytes(change(encode_ply(turned())))
    with pytest.raises(BadInputError, match=match):
        read(tmp_path / "room.ply")


def test_a_pose_that_is_none_and_a_size_that_is_no_room_s(tmp_path):
    with pytest.raises(ValueError, match="metres_per_unit takes a scale"):
        RoomFileSpec(file="a", T_world_room=(2 * np.eye(4)).tolist())
    (tmp_path / "room.ply").write_bytes(encode_ply(turned()))
    with pytest.raises(BadInputError, match="which no room does"):
        read(tmp_path / "room.ply", metres_per_unit=1000)


def test_a_mesh_without_a_surface_is_refused(tmp_path):
    line = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 2]])
    path = tmp_path / "room.ply"
    trimesh.Trimesh(line, [[0, 1, 2]], process=False).export(path)
    with pytest.raises(BadInputError, match="1 triangles of 0 area in all"):
        read(path)
