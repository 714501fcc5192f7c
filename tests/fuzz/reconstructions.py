"""Photos with poses, rooms and meshes as other programs leave them, and folders not looked at yet.

COLMAP: https://colmap.github.io/format.html
"""

from functools import partial

import numpy as np
from PIL import Image

from tests.capture.readers.meshes import test_gltf
from tests.capture.readers.posed import test_nerfstudio
from tests.capture.readers.rooms.rooms import flat_room
from xsim_core.capture.hand_eye.calibrate import described_board
from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.capture.readers import read_mesh
from xsim_core.capture.readers.posed.posed_photos import read_posed_photos
from xsim_core.capture.readers.rooms.read_room import read_room
from xsim_core.capture.recognise.look import look_around
from xsim_core.geometry.gaussian_ply import encode_ply

from . import mutations as m, places as p
from .format import Format

FISHEYE = {
    "camera_model": None, "fl_x": None, "fl_y": None, "camera_angle_x": 1.1, "is_fisheye": True,
    "k1": 0.02, "k2": 0.001,
}  # fmt: skip
APPLIED = {
    "applied_transform": [[0, 1, 0, 0.1], [1, 0, 0, 0], [0, 0, -1, 0.2]], "applied_scale": 0.5,
    "k1": -0.05, "p1": 0.001,
}  # fmt: skip
COLMAP = {
    "cameras.txt": "# a list\n1 OPENCV 16 12 15 15 8 6 0.01 0 0 0\n2 PINHOLE 16 12 15 15 8 6\n",
    "images.txt": "1 1 0 0 0 0 0 1 1 0.png\n3 4 -1\n2 0.9 0.1 0 0 0.2 0 1 2 1.png\n3 4 1 5 6 -1\n",
    "points3D.txt": "1 0 0 2 200 100 50 0.5 2 0\n",
}


def _nerfstudio(changes, folder):
    test_nerfstudio.write(folder, **changes)
    return folder / "transforms.json"


def _colmap(spoilt, folder):
    """A model as text, or in COLMAP's own numbers; answers the file called so."""
    place = folder / "sparse" / "0"
    place.mkdir(parents=True)
    for name, text in COLMAP.items():
        (place / name).write_text(text)
    for i in range(2):
        Image.fromarray(np.full((12, 16, 3), 90 + i, np.uint8)).save(folder / f"{i}.png")
    if spoilt.endswith(".bin"):
        import cv2  # noqa: F401 before pycolmap, whose import breaks its writing of PNG
        import pycolmap

        pycolmap.Reconstruction(place).write_binary(place)
        for name in COLMAP:
            (place / name).unlink()
    return place / spoilt


def _posed(path):
    root = path.parents[2] if path.parent.name == "0" else path.parent
    name = "transforms.json" if path.name == "transforms.json" else "sparse/0"
    photos = read_posed_photos(root, name, [])
    n = len(photos.images)
    assert (photos.images.dtype, photos.T_given_cam.shape) == (np.uint8, (n, 4, 4))
    assert np.isfinite(photos.T_given_cam).all()
    R = photos.T_given_cam[:, :3, :3]
    np.testing.assert_allclose(R @ R.mT, np.tile(np.eye(3), (n, 1, 1)), atol=1e-6)
    assert np.isfinite(photos.K).all()
    assert (np.diag(photos.K) > 0).all()


def _gaussians(columns, folder):
    """A table of Gaussians, with columns that other programs write beside, or without its third
    scale, as 2DGS leaves it."""
    path = folder / "room.ply"
    path.write_bytes(encode_ply(flat_room(0.2)))
    head, _, body = path.read_bytes().partition(b"end_header\n")
    names = [line.split()[-1].decode() for line in head.splitlines() if line[:9] == b"property "]
    table = np.frombuffer(body, "<f4").reshape(-1, len(names))
    kept = {name: table[:, i] for i, name in enumerate(names)}
    kept |= {name: np.full(len(table), value, "<f4") for name, value in columns.items()}
    kept = {name: values for name, values in kept.items() if columns.get(name, 0) is not None}
    lines = [line for line in head.decode().splitlines() if not line.startswith("property ")]
    text = "\n".join([*lines, *(f"property float {name}" for name in kept), "end_header\n"])
    path.write_bytes(text.encode() + np.stack([*kept.values()], axis=1).astype("<f4").tobytes())
    return path


def _room(path):
    room = read_room(path, RoomFileSpec(file=path.name), [], root=path.parent)
    n = len(room["means"])
    assert (room["means"].shape, room["quats_wxyz"].shape) == ((n, 3), (n, 4))
    assert (room["scales"].shape, room["opacities"].shape) == ((n, 2), (n,))
    assert all(np.isfinite(values).all() for values in room.values())
    assert (room["scales"] >= 0).all()


def _gltf(name, variant, folder):
    test_gltf.square(folder / name, **variant)
    return folder / name


def _mesh(path):
    mesh = read_mesh(path, [], root=path.parent)
    assert mesh.vertices.shape == (len(mesh.vertices), 3)
    assert np.isfinite(mesh.vertices).all()
    assert np.isfinite(mesh.uv).all()
    assert 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices)


def _board(path):
    board = described_board("", 0.0, str(path))
    assert np.isfinite(np.array(board.T_world_board)).all()


def _heap(name, folder):
    """What somebody has on his disk, without a ``capture.yaml``; answers the file called so."""
    (p.capture(folder)).unlink()
    texts = {"cam.json": p.MATRICES["cam.json"], "tags.json": p.TAGS, "notes.txt": "a cup, 8 cm\n"}
    for called, text in texts.items():
        (folder / called).write_text(text)
    return next(folder.glob(f"**/{name}"))


def _looked_at(path):
    root = next(place for place in path.parents if (place / "notes.txt").exists())
    facts, frame = look_around(root)
    assert frame is None or frame.dtype == np.uint8
    assert len(facts.model_dump_json()) < 1 << 20


RECONSTRUCTIONS = {
    "photos of nerfstudio": Format(partial(_nerfstudio, APPLIED), _posed, m.in_json),
    "photos of instant-ngp": Format(partial(_nerfstudio, FISHEYE), _posed, m.in_json),
    **{f"photos of colmap {n}": Format(partial(_colmap, n), _posed, m.in_words) for n in COLMAP},
    **{
        f"photos of colmap {n}": Format(partial(_colmap, n), _posed, share=0.5)
        for n in ("cameras.bin", "images.bin", "points3D.bin")
    },
    "room of gaussians": Format(partial(_gaussians, {}), _room),
    "room of gaussians, 2dgs": Format(partial(_gaussians, {"scale_2": None}), _room),
    "room of gaussians, mip": Format(
        partial(_gaussians, {"filter_3D": 1e-7, "f_rest_0": 0.1}), _room
    ),
    "room mesh": Format(p.textured("glb"), _room, m.in_glb, share=0.3),
    **{
        f"mesh glb, {name}": Format(
            partial(_gltf, "mesh.glb", test_gltf.VARIANTS[name]), _mesh, m.in_glb
        )
        for name in ("16 bits", "places of 16 bits", "the second set", "moved")
    },
    "mesh gltf, moved": Format(
        partial(_gltf, "mesh.gltf", test_gltf.VARIANTS["moved"]), _mesh, m.in_json
    ),
    "board of a hand-eye calibration": Format(
        p.with_file("board.yaml", p.yaml.safe_dump({"board": p.BOARD})), _board, m.in_yaml
    ),
    **{
        f"folder to recognise, {name}": Format(partial(_heap, name), _looked_at, how, share=0.3)
        for name, how in (
            ("cam.json", m.in_json),
            ("tags.json", m.in_json),
            ("notes.txt", m.in_words),
            ("mesh.obj", m.in_words),
            ("cam_K.txt", m.in_words),
        )
    },
}
