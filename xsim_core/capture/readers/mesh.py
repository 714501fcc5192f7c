"""The object's mesh, in metres, with its texture."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh

SENSIBLE_DIAMETER_M = (0.01, 2.0)
_GREY = np.full((8, 8, 3), 150, np.uint8)


def read_mesh(path: Path) -> TexturedMesh:
    """A mesh in metres with its texture; grey where it has none.

    Raises:
        BadInputError: when it is missing, unreadable, or its size is not that of an object.
    """
    import trimesh

    if not path.is_file():
        raise BadInputError(f"{path} does not exist. Set 'mesh' in capture.yaml.")
    try:
        loaded: Any = trimesh.load(path, force="mesh", process=False)
    except (ValueError, KeyError, IndexError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as a mesh: {error}") from error
    if len(loaded.faces) == 0:
        raise BadInputError(f"{path} holds no triangles")
    uv, texture = _texture_of(loaded)
    mesh = TexturedMesh(
        np.asarray(loaded.vertices, np.float32), np.asarray(loaded.faces, np.int32), uv, texture
    )
    _check_size(mesh, path)
    return mesh


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


def _texture_of(mesh: Any) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    uv = getattr(mesh.visual, "uv", None)
    material = getattr(mesh.visual, "material", None)
    image = getattr(material, "image", None) or getattr(material, "baseColorTexture", None)
    if uv is None or image is None or len(uv) != len(mesh.vertices):
        return np.zeros((len(mesh.vertices), 2), np.float32), _GREY
    return np.asarray(uv, np.float32), np.asarray(image.convert("RGB"), np.uint8)
