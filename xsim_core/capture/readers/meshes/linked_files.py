"""The files that a mesh refers to: where they lie, whatever its author's folders were called."""

import json
from pathlib import Path

MAX_LINKED = 64
HEAD_BYTES = 1 << 20
"""An OBJ names its materials at its top; it is looked at often, and may be large."""


def mesh_root(path: Path, folder: Path) -> Path:
    """Within which folder a mesh's materials are looked for: the capture's, if it lies there."""
    inside = path.resolve().is_relative_to(folder.resolve())
    return folder if inside else path.parent


def mesh_files(path: Path, root: Path) -> list[Path]:
    """Material files and textures below ``root`` that an OBJ or glTF file refers to."""
    found: list[Path] = []
    for name in _names(path):
        file = find_linked(name, path.parent, root)
        if file is None or file in found:
            continue
        found.append(file)
        if file.suffix.lower() == ".mtl":
            images = (find_linked(image, path.parent, root) for image in _texture_names(file))
            found += [image for image in images if image is not None and image not in found]
    return found


def find_linked(name: str, folder: Path, root: Path) -> Path | None:
    """The file that a mesh in ``folder`` means by ``name``; only files below ``root`` are answered.

    Names in another case, with backslashes, or with the path of another computer are followed: the
    file is then looked for beside the mesh, and, if there is only one, anywhere below ``root``.
    """
    clean = name.strip().strip('"').replace("\\", "/")
    last = clean.rsplit("/", 1)[-1]
    if not last or last in (".", ".."):
        return None
    for candidate in (clean, last):
        file = _in_any_case(folder, candidate)
        if file is not None and file.resolve().is_relative_to(root.resolve()):
            return file
    alike = sorted(p for p in root.rglob("*") if p.name.lower() == last.lower() and p.is_file())
    return alike[0] if len(alike) == 1 else None


def _in_any_case(folder: Path, name: str) -> Path | None:
    try:
        return _walked(folder, name)
    except (OSError, ValueError):
        return None  # No file system has such a name.


def _walked(folder: Path, name: str) -> Path | None:
    at = folder
    for part in name.split("/"):
        if part in ("", "."):
            continue
        step = at.parent if part == ".." else at / part
        if not step.exists():
            there = sorted(at.iterdir()) if at.is_dir() else []
            alike = [p for p in there if p.name.lower() == part.lower()]
            if not alike:
                return None
            step = alike[0]
        at = step
    return at if at.is_file() else None


def _names(path: Path) -> list[str]:
    try:
        match path.suffix.lower():
            case ".obj":
                with path.open("rb") as file:
                    lines = file.read(HEAD_BYTES).splitlines()
                split = [line.split(None, 1) for line in lines if line.startswith(b"mtllib")]
                names = [words[1].decode(errors="replace") for words in split if len(words) == 2]
                return names[:MAX_LINKED]
            case ".gltf":
                content = json.loads(path.read_bytes())
                linked = [*content.get("buffers", []), *content.get("images", [])]
                uris = [str(item["uri"]) for item in linked if "uri" in item]
                return [uri for uri in uris if not uri.startswith("data:")][:MAX_LINKED]
            case _:
                return []
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        pass  # The reader says what is wrong with it.
    return []


def _texture_names(mtl: Path) -> list[str]:
    try:
        lines = mtl.read_bytes().splitlines()
    except OSError:
        return []
    split = [line.split(None, 1) for line in lines]
    rests = [words[1] for words in split if len(words) == 2 and words[0].lower()[:4] == b"map_"]
    names = [rest.decode(errors="replace") for rest in rests][:MAX_LINKED]
    # Options stand before the name: -s 1 1 1 wood.png.
    return [name.split()[-1] if name.startswith("-") else name for name in names]
