"""What the kinds of RGB-D folders call their parts; a further kind is a name more here.

As written by Open3D 0.19 (reconstruction system: ``color``, ``image`` or ``rgb``, beside
``camera_intrinsic.json``; its bag reader: ``intrinsic.json``), by the TUM RGB-D benchmark
(``rgb.txt``, ``depth.txt``), BOP (``rgb`` or ``gray``, ``scene_camera.json``), and FoundationPose's
demo (``rgb``, ``masks``, ``cam_K.txt``), which X-Sim's own recordings follow; ScanNet's exporter
and Stray Scanner (``two_cameras``).
"""

from pathlib import Path

from xsim_core.capture.readers.images import COLOUR_SUFFIXES, image_files
from xsim_core.errors import BadInputError

COLOUR_FOLDERS = ("rgb", "color", "colour", "image")
GREY_FOLDER = "gray"
"""BOP's, of cameras without colour; read where there is no other."""
DEPTH_FOLDER = "depth"
DEPTH_SUFFIXES = (".png", ".tif", ".tiff", ".pgm", ".npy")
FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".m4v", ".webm")
K_FILES = (
    "cam_K.txt", "cam_K.json", "K.txt", "intrinsics.txt", "intrinsics.json", "intrinsics.yaml",
    "camera_info.yaml", "camera_info.json", "camera.json", "camera.yaml", "camera_intrinsic.json",
    "intrinsic.json", "intrinsic/intrinsic_color.txt", "intrinsic_color.txt", "camera_matrix.csv",
)  # fmt: skip
DEPTH_K_FILES = ("intrinsic/intrinsic_depth.txt", "intrinsic_depth.txt")
"""ScanNet's, of depth where it has a camera of its own; beside it lie ``EXTRINSICS``."""
EXTRINSICS = ("extrinsic_color.txt", "extrinsic_depth.txt")
DEPTH_TO_COLOUR = ("depth_to_color.txt", "intrinsic/depth_to_color.txt")
"""A 4x4 in metres that maps points of the depth camera to the colour camera's frame."""
STRAY_K = "camera_matrix.csv"
CONFIDENCE_FOLDER = "confidence"
"""Stray Scanner's."""
TIMES_FILE = "timestamps.txt"
LISTS = ("rgb.txt", "depth.txt")
"""TUM's: a time and a file a line."""
SCENE_CAMERA = "scene_camera.json"
SCENE_FILES = ("scene_gt.json", "scene_gt_info.json")
MASK_FOLDERS = ("masks", "mask_visib")
ACCEPTS = (
    f"{'/ or '.join(COLOUR_FOLDERS)}/ ({' '.join(COLOUR_SUFFIXES)}), {DEPTH_FOLDER}/ "
    f"({' '.join(DEPTH_SUFFIXES)}: 16-bit, or metres as floats), intrinsics in "
    f"{' '.join(K_FILES[:4])} …, {TIMES_FILE}; colour and depth are paired by the numbers in "
    "their names, or by time where the names are times"
)
TUM_ACCEPTS = (
    f"{' and '.join(LISTS)} pair by time; depth in 1/5000 m; intrinsics are to be written beside "
    "them"
)
OPEN3D_ACCEPTS = "color/, depth/, camera_intrinsic.json (or intrinsic.json, with its depth_scale)"
BOP_ACCEPTS = (
    f"rgb/ or gray/, depth/, {SCENE_CAMERA}: cam_K of each image (differing ones are brought to "
    "one) and depth_scale; mask_visib/ and scene_gt.json for the first frame"
)
FOUNDATIONPOSE_ACCEPTS = "rgb/, depth/, cam_K.txt, masks/ for the first frame; X-Sim's ZED exports"
SCANNET_ACCEPTS = (
    "color/, depth/ of another size, pose/, intrinsic/ (intrinsic_color.txt, intrinsic_depth.txt, "
    "extrinsics that are alike), as its SensReader exports a .sens; or any folder with depth's own "
    f"{DEPTH_K_FILES[1]}, and, where the cameras stand apart, {DEPTH_TO_COLOUR[0]}: a 4×4, metres"
)
STRAY_ACCEPTS = (
    f"rgb.mp4, depth/ of another size, {STRAY_K}, {CONFIDENCE_FOLDER}/ (depth of the lowest is "
    "left out), odometry.csv as `camera_path`"
)
FILM_ACCEPTS = (
    f"one {' '.join(FILM_SUFFIXES)} beside {DEPTH_FOLDER}/ with as many images; times from the "
    f"film, or {TIMES_FILE}"
)


def folder_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the single files that the reader looks at, those that exist."""
    places = [folder / name for name in (*COLOUR_FOLDERS, GREY_FOLDER, DEPTH_FOLDER)]
    if is_stray(folder):
        places.append(folder / CONFIDENCE_FOLDER)
    singles = [folder / name for name in (*K_FILES, TIMES_FILE, *LISTS, SCENE_CAMERA)]
    singles += [folder / name for name in DEPTH_TO_COLOUR]
    for name in DEPTH_K_FILES:
        beside = [(folder / name).with_name(other) for other in EXTRINSICS]
        singles += [folder / name, *beside] if (folder / name).is_file() else []
    there = [p for p in singles if p.is_file()]
    return [p for p in places if p.is_dir()], [*there, *films_in(folder)]


def is_stray(folder: Path) -> bool:
    """Whether it is Stray Scanner's: its matrix is the only one."""
    return next((k for k in K_FILES if (folder / k).is_file()), None) == STRAY_K


def films_in(folder: Path) -> list[Path]:
    """Colour films that lie in the folder, in order of their names."""
    return sorted(
        p for p in folder.glob("*") if p.suffix.lower() in FILM_SUFFIXES and p.name[0] != "."
    )


def colour_folder(folder: Path) -> Path | None:
    """The folder of colour images.

    Raises:
        BadInputError: when there are several.
    """
    there = [name for name in COLOUR_FOLDERS if (folder / name).is_dir()]
    if len(there) > 1:
        raise BadInputError(f"{folder} has {' and '.join(there)}; leave only one folder of colour")
    if not there and (folder / GREY_FOLDER).is_dir():
        there = [GREY_FOLDER]
    return folder / there[0] if there else None


def depth_files(folder: Path, colour: str) -> list[Path]:
    """The images of depth.

    Args:
        folder: that holds ``depth/``.
        colour: what there is of colour, for the error.

    Raises:
        BadInputError: when there are none.
    """
    place = folder / DEPTH_FOLDER
    if files := image_files(place, DEPTH_SUFFIXES):
        return files
    others = sorted({p.suffix for p in place.glob("*")}) if place.is_dir() else []
    if others:
        raise BadInputError(
            f"{place} holds {', '.join(others)}, but no {' '.join(DEPTH_SUFFIXES)}. Export depth "
            "as 16-bit .png in millimetres; from Record3D bring the .r3d instead of EXR files."
        )
    raise BadInputError(f"{folder} holds {colour} but no {DEPTH_FOLDER}/. X-Sim needs depth.")
