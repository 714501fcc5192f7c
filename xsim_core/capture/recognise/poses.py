"""Whose poses they are: the camera's by its name and the table, an object's by mesh and depth."""

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.camera_pose import camera_in_world
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.capture.place.support_plane import Plane, support_plane
from xsim_core.capture.readers.tracks.forms import read_poses
from xsim_core.capture.readers.tracks.spec import TrackSpec
from xsim_core.errors import XSimError
from xsim_core.geometry import TexturedMesh, transform_points

from .facts import Box, CameraPose, Found, ObjectPoses
from .films import said
from .matrices import Poses
from .tree import Tree

Floats = NDArray[np.float64]

OBJECT_NAME = re.compile(r"obj|ob_in|ob2|_ob\b|model2cam|cube|track")
CAMERA_NAME = re.compile(r"cam|extrin|hand.?eye|calib|base|robot")
ON_HAND_NAME = re.compile(r"hand_cam|cam_hand|hand2cam|cam2hand|gripper|ee_cam|cam_ee|flange")
FITS_SHARE = 0.4
"""Of the measured pixels in a projected mesh's box whose depth is the mesh's."""
SLACK_M = 0.02
LEAST_PX = 8


def sort_poses(
    found: list[Poses],
    tree: Tree,
    video: RGBDVideo | None,
    mesh: TexturedMesh | None,
) -> tuple[list[CameraPose], list[ObjectPoses], list[Found]]:
    """Poses as the camera's, as an object's, and those of which nobody says whose they are."""
    cameras: list[CameraPose] = []
    objects: list[ObjectPoses] = []
    others: list[Found] = []
    plane = None if video is None else _table(video)
    for poses in found:
        is_object = OBJECT_NAME.search(poses.name) is not None
        if is_object or len(poses.T) > 1:
            kept = _of_object(poses, tree, video, mesh, is_named=is_object)
            if isinstance(kept, ObjectPoses):
                objects.append(kept)
            else:
                others.append(kept)
        elif ON_HAND_NAME.search(poses.name):
            fault = (
                "a camera on the hand moves with it: for a film multiply the robot's pose then by "
                "it, T_base_cam = T_base_hand @ T_hand_cam, and name the result"
            )
            what = f"{_what(poses)}, by its name of a camera on the hand"
            others.append(Found(path=tree.rel(poses.path), what=what, fault=fault))
        elif CAMERA_NAME.search(poses.name):
            cameras.append(_of_camera(poses, tree, plane))
        else:
            what = f"{_what(poses)}; nothing says whose"
            others.append(Found(path=tree.rel(poses.path), what=what))
    return sorted(cameras, key=lambda c: (bool(c.fault), not c.is_checked)), objects, others


def _what(poses: Poses) -> str:
    named = f" '{poses.key}'" if poses.key else ""
    return f"{len(poses.T)} poses{named}" if len(poses.T) > 1 else f"a pose{named}"


def _table(video: RGBDVideo) -> Plane | None:
    """The plane that most of the first frame shows."""
    depth_m = np.asarray(video.depth_mm[0], np.float64) / 1000
    h, w = depth_m.shape
    return support_plane(depth_m, video.camera, (w / 2 - 4, h / 2 - 4, w / 2 + 4, h / 2 + 4))


def _of_camera(poses: Poses, tree: Tree, plane: Plane | None) -> CameraPose:
    """Its direction is the one with which the table is level; where both are not, it is said."""
    rel, what = tree.rel(poses.path), f"{_what(poses)}, by its name of the camera"
    key = None if poses.is_only else poses.key
    if plane is None:
        unchecked = "unchecked: no table is seen in a video"
        return CameraPose(path=rel, what=what, key=key, notes=(unchecked,))
    faults: list[str] = []
    directions: tuple[Literal["camera_to_base", "base_to_camera"], ...] = (
        "camera_to_base",
        "base_to_camera",
    )
    for maps in directions:
        # The direction that is the default is said only where it is another.
        said_maps = {} if maps == "camera_to_base" else {"maps": maps}
        spec = CameraSpec.model_validate({"matrix": rel, "key": key, **said_maps})
        notes: list[str] = []
        try:
            camera_in_world(spec, tree.root, plane, None, notes)
        except XSimError as error:
            faults.append(said(error, tree))
            continue
        return CameraPose(
            path=rel, what=what, key=key, maps=maps, is_checked=True, notes=tuple(notes)
        )
    return CameraPose(path=rel, what=what, key=key, fault=faults[0])


def _of_object(
    poses: Poses,
    tree: Tree,
    video: RGBDVideo | None,
    mesh: TexturedMesh | None,
    *,
    is_named: bool,
) -> ObjectPoses | Found:
    rel = tree.rel(poses.path)
    what = f"{_what(poses)}, {'by name' if is_named else 'perhaps'} of an object"
    if video is None or mesh is None:
        lacking = "video" if video is None else "mesh"
        return Found(path=rel, what=what, notes=(f"unchecked: there is no {lacking}",))
    # A series counts the images that lie there; the film's first may be a later one.
    number = 0 if video.source_frames is None else int(video.source_frames[0])
    first = poses.T[min(number, len(poses.T) - 1)]
    if box_of_pose(first, video, mesh) is None:
        why = "depth does not show the mesh at the first of them: another mesh, camera or unit"
        return Found(path=rel, what=what, fault=f"{rel}: {why}")
    rows = tuple(tuple(row) for row in first.round(9).tolist())
    what = f"{_what(poses)} of the object: depth shows the mesh at the first of them"
    track = _as_track(poses, tree)
    return ObjectPoses(path=rel, what=what, num_poses=len(poses.T), first=rows, track=track)


def _as_track(poses: Poses, tree: Tree) -> str:
    """The file or folder of the poses, if the reader of tracks takes it; else nothing."""
    if len(poses.T) < 2:
        return ""
    place = poses.path.parent if poses.is_series else poses.path
    try:
        read_poses(place, TrackSpec(file=tree.rel(place), frame="camera"), [])
    except XSimError:
        return ""
    return tree.rel(place)


def box_of_pose(T_cam_object: Floats, video: RGBDVideo, mesh: TexturedMesh) -> Box | None:
    """The box of the mesh at a pose in the first frame; None where depth does not show it there."""
    points = transform_points(T_cam_object, mesh.vertices)
    pixels = video.camera.project(points)
    if not np.isfinite(pixels).all():
        return None
    h, w = video.depth_mm.shape[1:]
    (x0, y0), (x1, y1) = pixels.min(axis=0), pixels.max(axis=0)
    if x1 - x0 < LEAST_PX or y1 - y0 < LEAST_PX or x0 < 0 or y0 < 0 or x1 > w or y1 > h:
        return None
    seen_m = video.depth_mm[0, int(y0) : int(y1), int(x0) : int(x1)] / 1000.0
    measured = seen_m[seen_m > 0]
    near, far = points[:, 2].min() - SLACK_M, points[:, 2].max() + SLACK_M
    if len(measured) == 0 or ((measured > near) & (measured < far)).mean() < FITS_SHARE:
        return None
    return (round(float(x0), 1), round(float(y0), 1), round(float(x1), 1), round(float(y1), 1))
