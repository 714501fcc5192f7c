"""Meshes, and which of them may be the object's."""

from pathlib import Path

from xsim_core.capture.readers.meshes.linked_files import mesh_root
from xsim_core.capture.readers.meshes.mesh import MENDS, SUFFIXES, read_mesh
from xsim_core.capture.readers.rooms.gaussians import holds_gaussians
from xsim_core.errors import XSimError
from xsim_core.geometry import TexturedMesh

from .facts import Found, Mesh
from .films import said
from .tree import Tree

MAX_READ = 6
ROOM_WORDS = ("room", "scene", "table", "background", "scan", "collision", "hand", "robot")
ROOM_NAMES = ("room", "scene", "background", "fuse", "polycam")
OBJECT_WORDS = ("object", "mesh", "model")


def find_meshes(tree: Tree, taken: set[Path]) -> tuple[list[Mesh], dict[str, TexturedMesh]]:
    """Meshes, the likeliest object first, and those that were read by their paths.

    Args:
        tree: of the folder.
        taken: folders that hold images of a video: what lies there is no mesh.
    """
    files = [p for p in tree.files if p.suffix.lower() in SUFFIXES and p.parent not in taken]
    files = [p for p in files if not holds_gaussians(p)]
    files.sort(key=lambda p: (_rank(p, tree), len(p.parts)))
    meshes: list[Mesh] = []
    read: dict[str, TexturedMesh] = {}
    for path in files[:MAX_READ]:
        notes: list[str] = []
        try:
            mesh = read_mesh(path, notes, root=mesh_root(path, tree.root))
        except XSimError as error:
            meshes.append(Mesh(path=tree.rel(path), what="a mesh", fault=said(error, tree)))
            continue
        read[tree.rel(path)] = mesh
        colours = "with colours" if mesh.is_textured else "without colours"
        meshes.append(
            Mesh(
                path=tree.rel(path),
                what=f"a mesh, {1000 * mesh.diameter_m:.0f} mm across, {colours}",
                notes=tuple(n.replace(f"{tree.root}/", "") for n in notes),
                diameter_m=mesh.diameter_m,
                is_coloured=mesh.is_textured,
            )
        )
    others = [p for p in tree.files if p.suffix.lower() in MENDS and not holds_gaussians(p)]
    meshes += [_not_read(p, tree) for p in others][:MAX_READ]
    # Stable: of equals the likelier name stays first.
    return sorted(meshes, key=lambda m: (bool(m.fault), not m.is_coloured)), read


def find_rooms(tree: Tree, taken: set[Path]) -> list[Found]:
    """Gaussians, and meshes whose name calls them a room's; neither is read."""
    found: list[Found] = []
    for path in tree.files:
        if path.parent in taken:
            continue
        is_called_room = any(word in path.stem.lower() for word in ROOM_NAMES)
        if holds_gaussians(path):
            found.append(Found(path=tree.rel(path), what="Gaussians of a room"))
        elif is_called_room and path.suffix.lower() in SUFFIXES:
            found.append(Found(path=tree.rel(path), what="a mesh, by its name of a room"))
    return found[:MAX_READ]


def _rank(path: Path, tree: Tree) -> int:
    words = tree.rel(path).lower()
    if any(word in words for word in ROOM_WORDS):
        return 2
    return 0 if any(word in words for word in OBJECT_WORDS) else 1


def _not_read(path: Path, tree: Tree) -> Mesh:
    suffix = path.suffix.lower()
    fault = f"{tree.rel(path)}: '{suffix}' is not read. {MENDS[suffix]}"
    return Mesh(path=tree.rel(path), what=f"perhaps a mesh ({suffix})", fault=fault)
