"""Everything in a folder, looked at once; foreign bytes are parsed in a process with limits."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.apart import look_in_child
from xsim_core.capture.readers.images import image_files
from xsim_core.capture.readers.video import video_files

from .by_motion import box_by_motion
from .facts import Facts, FirstBox, Photos
from .films import find_films, read_first
from .markers import find_layouts, look_for_markers
from .masks import boxes_beside, look_at_masks, mask_files
from .matrices import find_hand_eye, find_intrinsics, find_poses, small_texts
from .meshes import find_meshes, find_rooms
from .paths import find_camera_paths, is_of_path
from .photos import find_photos
from .poses import box_of_pose, sort_poses
from .tree import Tree, list_tree

LOOK = "xsim_core.capture.recognise.look:look_around"


def look_apart(folder: Path) -> tuple[Facts, NDArray[np.uint8] | None]:
    """What lies in a folder, read in a process of its own; and the frame of the first box.

    Raises:
        BadInputError: when it is no folder, or reading it crashes, hangs or takes too much.
    """
    root = folder.resolve()
    list_tree(root)  # What is no folder is said without a process.
    with TemporaryDirectory() as place:
        arrays, said = look_in_child(LOOK, Path(place), root)
        frame = np.array(arrays["frame"]) if "frame" in arrays else None
    return Facts.model_validate(said), frame


def look_around(folder: Path) -> tuple[Facts, NDArray[np.uint8] | None]:
    """As ``look_apart``, in this process.

    Raises:
        BadInputError: when it is no folder.
    """
    tree = list_tree(folder.resolve())
    found = find_films(tree)
    films, film = read_first(tree, found)
    of_films = _places(found)
    masks = mask_files(tree)
    hand_eye, of_hand_eye = find_hand_eye(tree)
    meshes, read = find_meshes(tree, of_films)
    photos = find_photos(tree, {*of_films, *of_hand_eye, *(m.parent for m in masks)})
    texts = small_texts(tree, {*of_films, *of_hand_eye})
    intrinsics = find_intrinsics(tree, texts)
    told = {item.path for item in intrinsics}
    layouts = find_layouts(tree, [p for p in texts if tree.rel(p) not in told])
    told |= {item.path for item in layouts}
    video = None if film is None else film.video
    mesh = read.get(meshes[0].path) if meshes else None
    poses = find_poses(tree, [p for p in texts if tree.rel(p) not in told], of_hand_eye)
    paths = [] if film is None else find_camera_paths(tree, film)
    poses = [p for p in poses if not is_of_path(p.path, paths, tree)]
    cameras, objects, others = sort_poses(poses, tree, video, mesh)
    mask_facts, box = look_at_masks(masks, tree, film)
    if film is not None and film.path.is_dir() and (annotated := boxes_beside(film, tree)):
        box = annotated.box or box
        mask_facts = [*mask_facts, annotated.found]
    if box is None and objects and video is not None and mesh is not None:
        T = np.array(objects[0].first)
        if (bounds := box_of_pose(T, video, mesh)) is not None:
            number = 0 if video.source_frames is None else int(video.source_frames[0])
            box = FirstBox(frame=number, box_xyxy=bounds, source=f"the mesh at {objects[0].path}")
    no_box = ""
    if box is None and film is not None:
        box, no_box = box_by_motion(film, mesh)
    first_photos = _images_of(tree, photos[0]) if photos and not photos[0].fault else None
    facts = Facts(
        name=tree.root.name or "capture",
        films=tuple(films),
        photos=tuple(photos),
        meshes=tuple(meshes),
        rooms=tuple(find_rooms(tree, of_films)),
        camera_poses=tuple(cameras),
        camera_paths=tuple(paths),
        object_poses=tuple(objects),
        tag_layouts=tuple(layouts),
        hand_eye=tuple(hand_eye),
        intrinsics=tuple(intrinsics),
        masks=tuple(mask_facts),
        others=tuple(others),
        markers=look_for_markers(video, first_photos),
        box=box,
        no_box=no_box,
    )
    return facts, None if video is None else _frame(video, box)


def _images_of(tree: Tree, photos: Photos) -> Path:
    """The folder with the images themselves; that with their poses may lie above it. Or a film."""
    place = tree.root / photos.path
    if place.is_file():
        return place
    return max((f for f in tree.folders if f.is_relative_to(place)), key=_num_images)


def _num_images(folder: Path) -> int:
    return len(image_files(folder))


def _places(found: list[Path]) -> set[Path]:
    """Folders whose files belong to a video; those without depth are left to the photos."""
    return set(itertools.chain.from_iterable(video_files(path)[0] for path in found))


def _frame(video: RGBDVideo, box: FirstBox | None) -> NDArray[np.uint8]:
    """The image (h, w, 3) in which the box is, or would be drawn."""
    number = 0 if box is None else box.frame
    numbers = np.arange(len(video.rgb)) if video.source_frames is None else video.source_frames
    return np.array(video.rgb[np.flatnonzero(numbers == number)[0] if number in numbers else 0])
