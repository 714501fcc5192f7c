import io
import json
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from xsim_core.capture.readers import read_mesh
from xsim_core.capture.readers.meshes.linked_files import mesh_files
from xsim_core.capture.readers.meshes.mesh import MENDS, SUFFIXES
from xsim_core.errors import BadInputError

RNG = np.random.default_rng(0)


def shown(mesh):
    """For each corner of each face its place (3,), and the colour (3,) that the texture shows."""
    th, tw = mesh.texture.shape[:2]
    uv = mesh.uv[mesh.faces].reshape(-1, 2)
    x = np.clip(np.floor(uv[:, 0] * tw), 0, tw - 1).astype(int)
    y = np.clip(np.floor((1 - uv[:, 1]) * th), 0, th - 1).astype(int)
    return mesh.vertices[mesh.faces].reshape(-1, 3), mesh.texture[y, x].astype(int)


def colour_at(mesh, place):
    places, colours = shown(mesh)
    near = np.linalg.norm(places - place, axis=1) < 1e-6
    assert near.any()
    return colours[near]


def box_of_colours(path, **options):
    box = trimesh.creation.box((0.1, 0.08, 0.06))
    box.visual.vertex_colors = RNG.integers(0, 255, (8, 3))
    box.export(path, **options)
    return {
        tuple(v): c[:3].astype(int)
        for v, c in zip(box.vertices, box.visual.vertex_colors, strict=True)
    }


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb"])
def test_colours_of_vertices_are_shown(tmp_path, suffix):
    path = tmp_path / f"mesh.{suffix}"
    expected = box_of_colours(path)
    mesh = read_mesh(path, notes := [])
    assert mesh.is_textured
    for place, rgb in expected.items():
        if suffix == "glb":  # glTF's COLOR_0 is linear.
            c = rgb / 255
            rgb = 255 * np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
        assert np.abs(colour_at(mesh, place) - rgb).max() <= 1.5
    assert notes == []


def test_open3d_s_glb_has_its_colours_as_they_are_shown(tmp_path):
    """Open3D 0.20 writes (204, 102, 51) as (0.8, 0.4, 0.2), which glTF means for linear light."""
    path = tmp_path / "mesh.glb"
    expected = box_of_colours(path)
    theirs, ours = b"https://github.com/mikedh/trimesh", b"Open3D"
    assert theirs in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(theirs, ours.ljust(len(theirs))))
    mesh = read_mesh(path, notes := [])
    for place, rgb in expected.items():
        assert np.abs(colour_at(mesh, place) - rgb).max() <= 1.5
    assert notes == ["mesh: mesh.glb is Open3D's: its colours of vertices are as shown"]


def test_colours_blend_across_a_face(tmp_path):
    path = tmp_path / "mesh.obj"
    path.write_text(
        "v 0 0 0 1 0 0\nv 0.1 0 0 0 1 0\nv 0 0.1 0 0 0 1\nv 0.1 0.1 0 0 1 0\nf 1 2 3\nf 2 4 3\n"
    )
    mesh = read_mesh(path)
    th, tw = mesh.texture.shape[:2]
    middle = mesh.uv[mesh.faces[0]].mean(axis=0) * [tw, th]
    rgb = mesh.texture[int(th - middle[1]), int(middle[0])]
    assert np.abs(rgb.astype(int) - 85).max() < 60


def test_colours_of_faces_are_shown(tmp_path):
    box = trimesh.creation.box((0.1, 0.08, 0.06))
    box.visual.face_colors = RNG.integers(0, 255, (12, 3))
    box.export(tmp_path / "mesh.ply")
    _, colours = shown(read_mesh(tmp_path / "mesh.ply"))
    np.testing.assert_array_equal(colours.reshape(12, 3, 3)[:, 0], box.visual.face_colors[:, :3])


def test_flat_colours_of_materials_are_shown(tmp_path):
    (tmp_path / "two.mtl").write_text("newmtl a\nKd 0.8 0.1 0.1\nnewmtl b\nKd 0.1 0.1 0.9\n")
    (tmp_path / "mesh.obj").write_text(
        "mtllib two.mtl\nv 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 .1\nusemtl a\nf 1 2 3\nusemtl b\n"
        "f 1 3 4\n"
    )
    mesh = read_mesh(tmp_path / "mesh.obj")
    assert mesh.is_textured
    assert np.abs(colour_at(mesh, [0.1, 0, 0]) - [204, 26, 26]).max() <= 1
    assert np.abs(colour_at(mesh, [0, 0, 0.1]) - [26, 26, 230]).max() <= 1


def test_one_flat_colour_is_shown_and_learnt(tmp_path):
    box = trimesh.creation.box((0.1, 0.08, 0.06))
    box.visual = TextureVisuals(material=PBRMaterial(baseColorFactor=[0.5, 0.1, 0.1, 1.0]))
    box.export(tmp_path / "mesh.glb")
    mesh = read_mesh(tmp_path / "mesh.glb", notes := [])
    assert not mesh.is_textured
    # glTF's factors are linear: half as bright is 188 of 255.
    assert np.abs(shown(mesh)[1] - [188, 89, 89]).max() <= 2
    assert "one flat colour" in notes[0]


def test_no_colours_are_learnt_and_said(tmp_path):
    trimesh.creation.box((0.1, 0.08, 0.06)).export(tmp_path / "mesh.stl")
    mesh = read_mesh(tmp_path / "mesh.stl", notes := [])
    assert not mesh.is_textured
    assert len(notes) == 1
    assert notes[0].startswith("mesh: it has no colours: tracking learns them from the video")


SQUARE = (
    "mtllib {mtl}\nv 0 0 0\nv 0.1 0 0\nv 0.1 0.1 0\nv 0 0.1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    "usemtl m\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n"
)
PICTURE = RNG.integers(0, 255, (16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("said", "lies"),
    [
        ("tex.png", "object/tex.png"),
        ("Tex.PNG", "object/tex.png"),
        ("../textures/tex.png", "textures/tex.png"),
        ("..\\Textures\\tex.png", "textures/tex.png"),
        ("C:\\Users\\me\\scan\\tex.png", "object/tex.png"),
        ("/home/me/tex.png", "textures/tex.png"),
        ("-s 1 1 1 tex.png", "object/tex.png"),
        ("my tex.png", "object/my tex.png"),
    ],
)
def test_textures_are_followed_within_the_capture(tmp_path, said, lies):
    for name in ("object", "textures"):
        (tmp_path / name).mkdir()
    Image.fromarray(PICTURE).save(tmp_path / lies)
    (tmp_path / "object" / "mesh.mtl").write_text(f"newmtl m\nKd 1 1 1\nmap_Kd {said}\n")
    path = tmp_path / "object" / "mesh.obj"
    path.write_text(SQUARE.format(mtl="Mesh.mtl"))
    mesh = read_mesh(path, notes := [], root=tmp_path)
    np.testing.assert_array_equal(mesh.texture, PICTURE)
    assert notes == []
    # Whatever is read is part of the capture's identity.
    assert tmp_path / lies in mesh_files(path, tmp_path)


@pytest.mark.parametrize("said", ["gone.png", "../../outside.png", "long" * 99])
def test_a_missing_texture_is_said(tmp_path, said):
    Image.fromarray(PICTURE).save(tmp_path / "outside.png")
    folder = tmp_path / "capture" / "object"
    folder.mkdir(parents=True)
    (folder / "mesh.mtl").write_text(f"newmtl m\nKd 0.2 0.4 0.6\nmap_Kd {said}\n")
    (folder / "mesh.obj").write_text(SQUARE.format(mtl="mesh.mtl"))
    mesh = read_mesh(folder / "mesh.obj", notes := [], root=tmp_path / "capture")
    assert notes[0] == (
        f"mesh: mesh.obj refers to {said}, which is not in capture: its colours are missing"
    )
    assert not mesh.is_textured


def test_a_16_bit_texture_keeps_its_greys(tmp_path):
    ramp = np.linspace(0, 65535, 256).reshape(16, 16).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "tex.png")
    (tmp_path / "mesh.mtl").write_text("newmtl m\nmap_Kd tex.png\n")
    (tmp_path / "mesh.obj").write_text(SQUARE.format(mtl="mesh.mtl"))
    mesh = read_mesh(tmp_path / "mesh.obj", notes := [])
    np.testing.assert_allclose(mesh.texture[..., 0], ramp / 257, atol=0.51)
    assert "16 bits" in notes[0]


def test_several_textures_become_one(tmp_path):
    pictures = [PICTURE, 255 - PICTURE[:8]]
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    (tmp_path / "mesh.mtl").write_text(
        "newmtl a\nmap_Kd 0.png\nnewmtl b\nmap_Kd 1.png\nnewmtl c\nKd 0 1 0\n"
    )
    (tmp_path / "mesh.obj").write_text(
        "mtllib mesh.mtl\nv 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 0.1\n"
        "vt 0.03 0.03\nvt 0.97 0.03\nvt 0.03 0.97\n"
        "usemtl a\nf 1/1 2/2 3/3\nusemtl b\nf 1/1 3/2 4/3\nusemtl c\nf 1/1 2/2 4/3\n"
    )
    places, colours = shown(read_mesh(tmp_path / "mesh.obj"))
    seen = {tuple(c) for c in colours}
    for picture in pictures:  # Each face shows its own picture's three corners.
        for y, x in ((-1, 0), (-1, -1), (0, 0)):
            assert tuple(picture[y, x].astype(int)) in seen
    assert (0, 255, 0) in seen
    assert len(places) == 9


@pytest.mark.parametrize("suffix", sorted(MENDS))
def test_other_formats_are_named_with_the_mend(tmp_path, suffix):
    path = tmp_path / f"mesh{suffix.upper()}"
    path.write_bytes(b"anything")
    with pytest.raises(
        BadInputError, match=r"is not read \(.*\.glb.*\. (Import|Open|Unpack|Bring|Gaussians|Make)"
    ):
        read_mesh(path)


def test_3mf_is_in_its_own_unit(tmp_path):
    path = tmp_path / "mesh.3mf"
    model = (
        '<model unit="millimeter" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">'
        '<resources><object id="1" type="model"><mesh><vertices><vertex x="0" y="0" z="0"/>'
        '<vertex x="100" y="0" z="0"/><vertex x="0" y="100" z="0"/><vertex x="0" y="0" z="100"/>'
        '</vertices><triangles><triangle v1="0" v2="2" v3="1"/><triangle v1="0" v2="1" v3="3"/>'
        '<triangle v1="1" v2="2" v3="3"/><triangle v1="0" v2="3" v3="2"/></triangles></mesh>'
        "</object>"
        '</resources><build><item objectid="1"/></build></model>'
    )
    with zipfile.ZipFile(path, "w") as parcel:
        parcel.writestr("3D/3dmodel.model", model)
    mesh = read_mesh(path, notes := [])
    assert mesh.diameter_m == pytest.approx(0.1 * np.sqrt(3), rel=1e-4)
    assert "is in millimeter" in notes[0]


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".gltf", ".3mf")])
def test_whatever_bytes_are_flipped_it_is_one_sentence_or_a_mesh(tmp_path, suffix):
    buffer = io.BytesIO()
    box = trimesh.creation.box((0.1, 0.08, 0.06))
    box.visual.vertex_colors = RNG.integers(0, 255, (8, 3))
    box.export(buffer, file_type=suffix[1:])
    whole, path, said = buffer.getvalue(), tmp_path / f"mesh{suffix}", []
    rng = np.random.default_rng(1)
    for i in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 1 + i % 8):
            data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data if i % 3 else data[: len(data) // 2])
        try:
            read_mesh(path)
        except BadInputError as error:
            said.append(str(error))
    assert len(said) > 3
    assert [text for text in said if "\n" in text or str(path) not in text] == []


def test_a_cloud_of_points_is_no_mesh(tmp_path):
    trimesh.PointCloud(RNG.random((20, 3)) * 0.1).export(tmp_path / "mesh.ply")
    with pytest.raises(BadInputError, match=r"no triangles \(20 points\)"):
        read_mesh(tmp_path / "mesh.ply")


def test_vertices_of_two_numbers_are_refused(tmp_path):
    lines = ["v 0 0", "v 0.1 0 0", "v 0.1 0.1 0", "v 0 0.1 0.1", "f 1 2 3", "f 1 3 4", "f 1 2 4"]
    (tmp_path / "mesh.obj").write_text("\n".join(lines))
    with pytest.raises(BadInputError, match="not three numbers each"):
        read_mesh(tmp_path / "mesh.obj")
    flat = [line if line[0] == "f" else " ".join(line.split()[:3]) for line in lines]
    (tmp_path / "mesh.obj").write_text("\n".join(flat))
    with pytest.raises(BadInputError, match="not three numbers each"):
        read_mesh(tmp_path / "mesh.obj")


def test_gltf_with_its_files(tmp_path):
    (tmp_path / "textures").mkdir()
    (tmp_path / "object").mkdir()
    Image.fromarray(PICTURE).save(tmp_path / "textures" / "tex.png")
    square = trimesh.Trimesh(
        [[0, 0, 0], [0.1, 0, 0], [0.1, 0.1, 0], [0, 0.1, 0]],
        [[0, 1, 2], [0, 2, 3]],
        process=False,
        visual=TextureVisuals(
            uv=[[0, 0], [1, 0], [1, 1], [0, 1]],
            material=PBRMaterial(baseColorTexture=Image.fromarray(PICTURE)),
        ),
    )
    for name, data in trimesh.exchange.gltf.export_gltf(trimesh.Scene(square)).items():
        if name.endswith(".png"):
            continue
        if name.endswith(".gltf"):
            content = json.loads(data)
            content["images"] = [{"uri": "../textures/Tex.png"}]
            data = json.dumps(content).encode()
        (tmp_path / "object" / name).write_bytes(data)
    path = tmp_path / "object" / "model.gltf"
    np.testing.assert_array_equal(read_mesh(path, root=tmp_path).texture, PICTURE)
    assert tmp_path / "textures" / "tex.png" in mesh_files(path, tmp_path)
