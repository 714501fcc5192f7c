"""The object's mesh, in metres, with its colours as one texture."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import MAX_IMAGE_PIXELS, as_rgb
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh

from .colours import Part, merge
from .gltf import has_linear_colours, plain_gltf
from .linked_files import find_linked, mesh_files

SUFFIXES = (".obj", ".ply", ".glb", ".gltf", ".stl", ".off", ".3mf")
ACCEPTS = (
    f"{' '.join(SUFFIXES)}, in metres: textures (8 or 16 bits; beside the mesh or elsewhere in the "
    "capture's folder, in any case of letters), colours of vertices or faces, flat colours of "
    "materials"
)
SENSIBLE_DIAMETER_M = (0.01, 2.0)
MAX_BYTES = 512 << 20
MAX_FACES = 2_000_000
MAX_COORDINATE = 1e6
_BLENDER = "Import it in Blender and export it as glTF 2.0 (.glb)."
_CAD = "Open it in FreeCAD and export the body as .glb or .obj, in metres."
MENDS = {
    **dict.fromkeys(
        (".usdz", ".usd", ".usda", ".usdc", ".fbx", ".dae", ".blend", ".abc"), _BLENDER
    ),
    **dict.fromkeys((".step", ".stp", ".iges", ".igs", ".brep", ".fcstd"), _CAD),
    **dict.fromkeys((".zip", ".gz", ".7z", ".rar"), "Unpack it and name the mesh in it."),
    **dict.fromkeys((".xyz", ".pcd", ".las", ".e57"), "Bring a mesh, not points."),
    **dict.fromkeys((".splat", ".spz"), "Gaussians can be the room (`room:`), not a mesh."),
    **dict.fromkeys((".sog", ".ksplat"), "Make it a .ply: npx @playcanvas/splat-transform."),
}
"""Formats that people have and we do not read, with what to do."""


def read_mesh(
    path: Path,
    notes: list[str] | None = None,
    *,
    root: Path | None = None,
    is_object: bool = True,
) -> TexturedMesh:
    """A mesh in metres with its colours.

    Args:
        path: the file; ``ACCEPTS`` says which.
        notes: receives what was guessed, and what of its colours could not be used.
        root: within this folder its textures are looked for; by default beside it.
        is_object: whether it must have an object's size.

    Raises:
        BadInputError: when it is missing, unreadable, or its size is not that of an object.
    """
    notes = [] if notes is None else notes
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BadInputError(f"{path} does not exist. Set 'mesh' in capture.yaml.")
    if suffix not in SUFFIXES:
        mend = MENDS.get(suffix, _BLENDER)
        raise BadInputError(f"{path}: '{suffix}' is not read ({' '.join(SUFFIXES)} are). {mend}")
    if path.stat().st_size > MAX_BYTES:
        raise BadInputError(
            f"{path} is {path.stat().st_size / 1e6:.0f} MB; meshes of up to {MAX_BYTES / 1e6:.0f} "
            "MB are read. Decimate it."
        )
    with reading(path, "Export it again."):
        scene = _load(path, root or path.parent, notes)
        is_linear = suffix in (".glb", ".gltf")  # Colours that are not in pictures.
        if is_linear and not has_linear_colours(path.read_bytes()):
            is_linear = False
            notes.append(f"mesh: {path.name} is Open3D's: its colours of vertices are as shown")
        solids = [g for g in scene.dump() if len(getattr(g, "faces", ())) > 0]
        parts = [_part(g, notes, is_linear=is_linear) for g in solids]
        if not parts:
            num_points = sum(len(g.vertices) for g in scene.geometry.values())
            raise BadInputError(f"{path} holds no triangles ({num_points} points)")
        mesh = merge(parts, notes)
        _check_numbers(mesh, path)
    if is_object:
        _check_size(mesh, path)
    return mesh


class _Resolver:
    """Finds the files that trimesh asks for, only within one folder, and keeps what it missed."""

    def __init__(self, path: Path, root: Path) -> None:
        self.folder, self.root = path.parent, root
        # What lies elsewhere counts only if it is part of the capture's identity.
        self.elsewhere = mesh_files(path, root)
        self.missing: list[str] = []

    def get(self, name: str) -> bytes:
        last = name.split()[-1] if name.strip().startswith("-") else name
        file = find_linked(last, self.folder, self.root)
        is_near = file is not None and file.is_relative_to(self.folder)
        if file is None or not (is_near or file in self.elsewhere):
            self.missing.append(last.strip())
            raise FileNotFoundError(last)
        if file.stat().st_size > MAX_BYTES:
            raise BadInputError(f"{file} is larger than {MAX_BYTES / 1e6:.0f} MB")
        return file.read_bytes()

    __getitem__ = get

    def namespaced(self, namespace: str) -> "_Resolver":
        return self

    def keys(self) -> list[str]:
        return []


def _load(path: Path, root: Path, notes: list[str]) -> Any:
    import trimesh

    data = path.read_bytes()
    if path.suffix.lower() == ".3mf":
        with zipfile.ZipFile(io.BytesIO(data)) as parcel:
            if sum(item.file_size for item in parcel.infolist()) > MAX_BYTES:
                raise BadInputError(f"{path} unpacks to more than {MAX_BYTES / 1e6:.0f} MB")
    resolver: Any = _Resolver(path, root)
    kind = path.suffix[1:].lower()
    if kind in ("glb", "gltf"):
        data = plain_gltf(data, resolver.get)
        kind = "glb" if data.startswith(b"glTF") else "gltf"
    scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, resolver=resolver, process=False)
    num_faces = sum(len(getattr(g, "faces", ())) for g in scene.geometry.values())
    if num_faces > MAX_FACES:
        raise BadInputError(f"{path} has {num_faces} faces, more than {MAX_FACES}. Decimate it.")
    if path.suffix.lower() == ".3mf" and scene.units not in (None, "meters", "m"):
        notes.append(f"mesh: {path.name} is in {scene.units}, scaled to metres")
        scene = scene.convert_units("meters")
    notes.extend(
        f"mesh: {path.name} refers to {name}, which is not in {root.name or root}: its colours "
        "are missing"
        for name in dict.fromkeys(resolver.missing)
    )
    return scene


def _part(mesh: Any, notes: list[str], *, is_linear: bool) -> Part:
    visual = mesh.visual
    if mesh.vertices.shape[1:] != (3,):
        # trimesh takes an OBJ whose first vertex has two numbers for a flat one, without a word.
        raise BadInputError("its vertices are not three numbers each. Export it again")
    part = Part(np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32))
    corner = _corner_colours(mesh, is_linear=is_linear)
    material = getattr(visual, "material", None)
    factor = getattr(material, "baseColorFactor", None)
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    image = image or getattr(material, "emissiveTexture", None)
    if type(material).__name__ == "SimpleMaterial" and getattr(image, "format", None) is None:
        image = None  # trimesh's own placeholder: no file was read.
    uv = getattr(visual, "uv", None)
    if image is not None and (uv is None or len(uv) != len(part.vertices)):
        notes.append("mesh: a texture without texture coordinates cannot be used")
        image = None
    if image is not None:
        if corner is not None:
            notes.append("mesh: colours of vertices beside a texture are not used")
        pixels = _picture(image, notes)
        tint = _rgb(factor, is_linear=False)
        if tint is not None and tint != (255, 255, 255):
            notes.append(f"mesh: its texture is tinted by the material's colour {list(tint)}")
            pixels = _encoded(_decoded(pixels) * (np.array(tint) / 255))
        return Part(part.vertices, part.faces, np.asarray(uv, np.float32), pixels)
    # trimesh answers a grey of its own where an MTL file says no diffuse colour.
    is_said = "kd" in getattr(material, "kwargs", {})
    diffuse = getattr(material, "diffuse", None) if is_said else None
    flat = _rgb(factor, is_linear=is_linear) or _rgb(diffuse, is_linear=False)
    if corner is not None and (corner == corner[0, 0]).all():
        corner, flat = None, (int(corner[0, 0, 0]), int(corner[0, 0, 1]), int(corner[0, 0, 2]))
    return Part(part.vertices, part.faces, corner_rgb=corner, flat_rgb=flat)


def _corner_colours(mesh: Any, *, is_linear: bool) -> NDArray[np.uint8] | None:
    """(f, 3, 3) from colours of vertices or faces; None without."""
    kind = getattr(mesh.visual, "kind", None)
    given = mesh.vertex_attributes.get("color", mesh.vertex_attributes.get("COLOR_0"))
    if kind == "face":
        colours = np.repeat(np.asarray(mesh.visual.face_colors)[:, None, :3], 3, axis=1)
    elif kind == "vertex":
        colours = np.asarray(mesh.visual.vertex_colors)[mesh.faces][..., :3]
    elif given is not None and len(given) == len(mesh.vertices):
        colours = np.asarray(given)[mesh.faces][..., :3]
    else:
        return None
    if colours.dtype.kind == "f":
        colours = colours * (255 if colours.max(initial=0) <= 1 else 1)
    elif colours.dtype.itemsize == 2:
        colours = colours / 257
    return _encoded(colours / 255) if is_linear else np.rint(colours).astype(np.uint8)


def _picture(image: Any, notes: list[str]) -> NDArray[np.uint8]:
    w, h = image.size
    if w * h > MAX_IMAGE_PIXELS:
        raise BadInputError(
            f"its texture is {w}x{h}; up to {MAX_IMAGE_PIXELS / 1e6:.0f} megapixels are read"
        )
    if image.mode.startswith("I"):
        notes.append("mesh: its texture has 16 bits, brought to 8")
    return as_rgb(image, "its texture")


def _rgb(value: Any, *, is_linear: bool) -> tuple[int, int, int] | None:
    if value is None:
        return None
    rgba = np.asarray(value).reshape(-1)[:3].astype(float)
    scaled = rgba / 255 if np.asarray(value).dtype.kind in "ui" else rgba
    rgb = _encoded(scaled) if is_linear else np.rint(scaled * 255).astype(np.uint8)
    return (int(rgb[0]), int(rgb[1]), int(rgb[2]))


def _encoded(linear: NDArray[np.floating]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear colours in [0, 1] (IEC 61966-2-1)."""
    c = np.clip(linear, 0, 1)
    s = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    return np.rint(255 * s).astype(np.uint8)


def _decoded(srgb: NDArray[np.uint8]) -> NDArray[np.floating]:
    s = srgb / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


def _check_numbers(mesh: TexturedMesh, path: Path) -> None:
    if not np.isfinite(mesh.uv).all() or not (np.abs(mesh.vertices) < MAX_COORDINATE).all():
        raise BadInputError(f"{path} holds vertices or texture coordinates that are no places")
    if mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise BadInputError(f"{path} has faces of vertices that it does not hold. Export it again.")


def _check_size(mesh: TexturedMesh, path: Path) -> None:
    low, high = SENSIBLE_DIAMETER_M
    size = mesh.diameter_m
    if low <= size <= high:
        return
    units = {"millimetres": 1e-3, "centimetres": 1e-2, "inches": 0.0254}
    guess = next((u for u, s in units.items() if low * 2 <= size * s <= high / 2), None)
    hint = f"it is probably in {guess}: scale it by {units[guess]}" if guess else "check its unit"
    raise BadInputError(
        f"{path} measures {size:.4g} m across its bounding box, outside {low} to {high} m; {hint}."
    )
