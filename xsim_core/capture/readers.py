"""Readers of everything a person may bring: videos, photos, meshes."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh

from .formats import RGBDVideo
from .realsense import read_with_librealsense
from .recordings import UnreadableDirectlyError, check_recording, read_bag, read_db3
from .streams import Streams, pair_and_align

_log = logging.getLogger(__name__)

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png")
SENSIBLE_DIAMETER_M = (0.01, 2.0)
_GREY = np.full((8, 8, 3), 150, np.uint8)


def read_video(source: Path) -> RGBDVideo:
    """An RGB-D video with depth aligned to colour.

    Args:
        source: an RGB-D folder (``rgb/``, ``depth/``, ``cam_K.txt``), or a ``.db3`` or ``.bag``
            recording.

    Raises:
        BadInputError: when it is missing, damaged, or without depth.
    """
    if source.is_dir():
        return read_rgbd_folder(source)
    match source.suffix:
        case ".db3" | ".bag":
            check_recording(source)
        case other:
            raise BadInputError(
                f"{source}: '{other}' is not a video we read. Bring a RealSense .db3 or .bag, or a "
                "folder with rgb/, depth/ and cam_K.txt."
            )
    return pair_and_align(_read_recording(source), source)


def _read_recording(source: Path) -> Streams:
    """Without librealsense where the file allows it: the same bytes, and no threads to stall."""
    try:
        return read_db3(source) if source.suffix == ".db3" else read_bag(source)
    except UnreadableDirectlyError as error:
        _log.info("%s; reading it through librealsense", error)
    return read_with_librealsense(source)


def read_rgbd_folder(folder: Path) -> RGBDVideo:
    """``rgb/*``, ``depth/*`` (uint16 mm), ``cam_K.txt``, and ``timestamps.txt`` if there is one."""
    colour_files = _images(folder / "rgb")
    depth_files = _images(folder / "depth")
    if not colour_files:
        raise BadInputError(f"{folder}/rgb holds no images. An RGB-D folder needs rgb/ and depth/.")
    if not depth_files:
        raise BadInputError(
            f"{folder} holds {len(colour_files)} colour images but no depth/. X-Sim needs depth."
        )
    if len(colour_files) != len(depth_files):
        raise BadInputError(
            f"{folder} holds {len(colour_files)} colour but {len(depth_files)} depth images; "
            "they must pair up"
        )
    rgb = _stack(colour_files, "RGB")
    depth_mm = _stack(depth_files, None)
    if depth_mm.dtype != np.uint16:
        raise BadInputError(f"{folder}/depth must be 16-bit PNGs in mm, not {depth_mm.dtype}")
    if rgb.shape[1:3] != depth_mm.shape[1:]:
        raise BadInputError(
            f"{folder}: colour is {_size(rgb)} but depth {_size(depth_mm)}; align depth to colour"
        )
    K_file, stamp_file = folder / "cam_K.txt", folder / "timestamps.txt"
    if not K_file.is_file():
        raise BadInputError(f"{K_file} is missing: the 3x3 intrinsics of the colour camera")
    K = np.loadtxt(K_file).reshape(3, 3)
    stamps = np.loadtxt(stamp_file, ndmin=1) if stamp_file.is_file() else np.arange(len(rgb)) / 30
    if len(stamps) != len(rgb):
        raise BadInputError(f"{stamp_file} has {len(stamps)} lines for {len(rgb)} images")
    return RGBDVideo(rgb, depth_mm, stamps - stamps[0], K)


def read_photos(folder: Path) -> NDArray[np.uint8]:
    """Photos (n, h, w, 3) in order of their names.

    Raises:
        BadInputError: when there are none, or their sizes differ.
    """
    files = _images(folder)
    if not files:
        raise BadInputError(
            f"{folder} holds no photos ({', '.join(PHOTO_SUFFIXES)}). "
            "Take 30 or more of the empty room from around the table, with the board in view."
        )
    return _stack(files, "RGB")


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


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)


def _stack(files: list[Path], mode: str | None) -> NDArray[Any]:
    """Images of one size, (n, h, w[, 3])."""
    stack: NDArray[Any] | None = None
    for i, file in enumerate(files):
        try:
            with Image.open(file) as opened:
                image = ImageOps.exif_transpose(opened)
                array = np.asarray(image.convert(mode) if mode else image)
        except (UnidentifiedImageError, OSError, SyntaxError) as error:
            raise BadInputError(f"{file} cannot be read: {error}") from error
        if array.dtype == np.int32:  # Pillow widens some 16-bit PNGs.
            array = array.astype(np.uint16)
        if stack is None:
            stack = np.empty((len(files), *array.shape), array.dtype)
        if array.shape != stack.shape[1:]:
            raise BadInputError(
                f"{file} is {_size(array[None])} but {files[0].name} is {_size(stack)}; "
                "all images of a folder must have one size"
            )
        stack[i] = array
    assert stack is not None
    return stack


def _size(stack: NDArray[Any]) -> str:
    return f"{stack.shape[2]}x{stack.shape[1]}"
