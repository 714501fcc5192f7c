"""Where a camera that moves is in every frame: by its path, and by where that lies in the world."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.other_sources import REFUSED_M, SAID_M
from xsim_core.capture.place.spec import CameraPathSpec
from xsim_core.capture.place.support_plane import Plane
from xsim_core.errors import BadInputError
from xsim_core.film.frames import CameraMotion, Video
from xsim_core.film.odometry import follow_room
from xsim_core.geometry import Board, detect_board, inverse_se3, rotation_angle, transform_points

from .anchor import Anchor, anchored
from .file_world import file_world
from .given_path import GivenPath
from .path_in_file import path_in_file
from .seen_path import SeenPath

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

LEAST_SHARE = 0.5
"""Of a film's frames whose camera must be known."""
FASTEST_M_S, FASTEST_RAD_S = 3.0, np.deg2rad(360)
"""No hand moves a camera faster: what does is a jump of the path."""
SAID_PX, REFUSED_PX = 2.0, 5.0
"""Of 640 columns: how far a board may lie from where path and world have it. A rolling shutter
bends the pictures of a hand-held camera by one or two."""
MAX_TOLD = 4


@dataclass(frozen=True)
class PathOfFile:
    """A path that came with the film, and what is said of it."""

    given: GivenPath
    spec: CameraPathSpec
    is_world: bool = False
    """Whether its own frame is the world's."""
    plane: Plane | None = None
    """Of the table in the box's frame, where that frame is the world's."""


def camera_motion(
    board: Board | None,
    T_world_init: Floats | None,
    video: RGBDVideo,
    init_frame: int,
    notes: list[str],
    of_file: PathOfFile | None = None,
) -> CameraMotion:
    """Follow a camera that moves through the film.

    Args:
        board: at a known place in the world, where there is one.
        T_world_init: (4, 4) of the camera in ``init_frame``, as stated or guessed; None: the board
            tells.
        video: the film.
        init_frame: the frame with the object's box.
        notes: receives by what it was followed, and how well that fits.
        of_file: the path that came with the film, where one did; the room checks it.

    Raises:
        BadInputError: when too few frames tell where the camera is, or sources contradict.
    """
    path = _by_room(video, init_frame)
    if of_file is not None:
        path = _by_file(of_file, path, video, init_frame, notes)
    anchor = None
    if board is not None and path is not None:
        anchor = anchored(path.T_path_cam, path.has_pose, board, video)
    if path is not None and anchor is not None:
        T_world_path = _checked(anchor, path, T_world_init, video, init_frame, notes)
    elif path is not None and of_file is not None and of_file.is_world:
        T_world_path = file_world(path.T_path_cam[init_frame], of_file.plane, notes)
    elif path is not None and T_world_init is not None:
        T_world_path = T_world_init @ inverse_se3(path.T_path_cam[init_frame])
    else:
        T_world_path = np.eye(4)
        path = None if board is None else SeenPath(*_none(video), "the board alone")
    if path is None:
        raise BadInputError(
            "video: the camera moves through the film, and the room shows too few corners with "
            f"depth in frame {init_frame} to follow it by. Film with more of the room in view, or "
            "put the camera on a stand."
        )
    T, known = T_world_path @ path.T_path_cam, path.has_pose.copy()
    if board is not None:
        _add_by_board(T, known, board, video)
    known &= ~_jumps(T, known, video.timestamps_s)
    _check_share(known, video)
    notes.append(_told(T, known, path.told))
    notes += _told_gaps(known, video.timestamps_s)
    return CameraMotion(np.asarray(_held(T, known), np.float64), known)


def _by_room(video: RGBDVideo, init_frame: int) -> SeenPath | None:
    frames = Video(video.rgb, video.depth_mm, video.timestamps_s, video.camera)
    found = follow_room(frames, init_frame)
    if found is None or found.has_pose.mean() < LEAST_SHARE:
        return None
    is_other = found.has_pose & np.isfinite(found.rms_px)
    points = np.median(found.num_points[is_other]) if is_other.any() else 0
    rms_px = float(np.median(found.rms_px[is_other])) if is_other.any() else 0.0
    told = (
        f"the room's own corners ({points:.0f} of them a frame, {rms_px:.2f} px; "
        f"{len(found.keyframes)} keyframes)"
    )
    return SeenPath(found.T_room_cam, found.has_pose, told)


def _by_file(
    of_file: PathOfFile,
    seen: SeenPath | None,
    video: RGBDVideo,
    init_frame: int,
    notes: list[str],
) -> SeenPath:
    ahead_m = _depth_m(video, init_frame)
    path = path_in_file(of_file.given, of_file.spec, seen, ahead_m, notes)
    if not path.has_pose[init_frame]:
        raise BadInputError(
            f"camera_path: neither {of_file.given.about.name} nor the room tells where the camera "
            f"is in frame {init_frame}, which init_frame names. Box the object in another frame."
        )
    return path


def _none(video: RGBDVideo) -> tuple[Floats, Mask]:
    n = len(video.rgb)
    return np.tile(np.eye(4), (n, 1, 1)), np.zeros(n, bool)


def _checked(
    anchor: Anchor,
    path: SeenPath,
    T_world_init: Floats | None,
    video: RGBDVideo,
    init_frame: int,
    notes: list[str],
) -> Floats:
    """``T_world_path`` by the board, which path and stated camera agree with.

    Raises:
        BadInputError: when they do not.
    """
    scale = max(1.0, video.camera.width / 640)
    rms_px = float(np.median(anchor.rms_px)) / scale
    at = path.T_path_cam[init_frame]
    ahead = transform_points(at, np.array([[0, 0, _depth_m(video, init_frame)]]))
    drift_m = float(np.linalg.norm(transform_points(anchor.apart, ahead) - ahead))
    told = (
        f"camera: the board lies {rms_px:.1f} px from where its path has it, in the median of "
        f"{len(anchor.rms_px)} frames; by the first half of them the middle of frame {init_frame} "
        f"is {1000 * drift_m:.0f} mm from where it is by the second"
    )
    if rms_px > REFUSED_PX:
        raise BadInputError(
            f"{told}. Did the board move, or most of what is in view with the hand? Board and room "
            "must lie still."
        )
    notes.append(told)
    if T_world_init is not None:
        by_board = anchor.T_world_path @ at
        middle = inverse_se3(at) @ np.append(ahead[0], 1)
        off_m = float(np.linalg.norm(((T_world_init - by_board) @ middle)[:3]))
        told = (
            f"camera: as stated for frame {init_frame} and as the board has it, what it looks at "
            f"is {1000 * off_m:.0f} mm apart"
        )
        if off_m > REFUSED_M:
            raise BadInputError(
                f"{told}. Of a camera that moves the pose in frame init_frame is stated; measure "
                "T_world_board again, or leave out of capture.yaml what is not known."
            )
        notes.append(f"{told}; the board is taken" if off_m > SAID_M else told)
    return anchor.T_world_path


def _depth_m(video: RGBDVideo, i: int) -> float:
    depth = video.depth_mm[i]
    return float(np.median(depth[depth > 0])) / 1000 if (depth > 0).any() else 1.0


def _add_by_board(T: Floats, known: Mask, board: Board, video: RGBDVideo) -> None:
    """Where the path has no pose the board alone may tell one."""
    for i in np.flatnonzero(~known).tolist():
        seen = detect_board(video.rgb[i], board, camera=video.camera)
        if seen is None or seen.T_cam_board is None:
            continue
        if seen.rms_px < SAID_PX * max(1.0, video.camera.width / 640):
            T[i] = np.array(board.T_world_board) @ inverse_se3(seen.T_cam_board)
            known[i] = True


def _jumps(T: Floats, known: Mask, times_s: Floats) -> Mask:
    """Frames (t,) to which no hand could have moved the camera from the one before."""
    jumps = np.zeros(len(T), bool)
    last = -1
    for i in np.flatnonzero(known).tolist():
        if last >= 0:
            step_s = max(float(times_s[i] - times_s[last]), 1e-3)
            moved_m = float(np.linalg.norm((T[i] - T[last])[:3, 3]))
            turned = float(rotation_angle(T[last, :3, :3], T[i, :3, :3]))
            jumps[i] = moved_m > FASTEST_M_S * step_s or turned > FASTEST_RAD_S * step_s
        last = last if jumps[i] else i
    return jumps


def _check_share(known: Mask, video: RGBDVideo) -> None:
    if known.mean() < LEAST_SHARE:
        raise BadInputError(
            f"video: the camera moves, and where it is can be told in {int(known.sum())} of "
            f"{len(known)} frames only, by the room's corners and by what is printed. Film slower, "
            "with more of the room in view, or put the camera on a stand."
        )


def _told(T: Floats, known: Mask, by: str) -> str:
    places = T[known, :3, 3]
    path_m = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
    reach_m = float(np.linalg.norm(places - places[0], axis=1).max())
    turned = float(np.rad2deg(rotation_angle(T[known][0, :3, :3], T[known, :3, :3]).max()))
    return (
        f"camera: it moves through the film, up to {100 * reach_m:.0f} cm and {turned:.0f}° from "
        f"where it began ({path_m:.2f} m in all), and was followed by {by}"
    )


def _told_gaps(known: Mask, times_s: Floats) -> list[str]:
    if known.all():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~known, [False]]).astype(int)))
    seconds = times_s - times_s[0]
    spans = [(seconds[a], seconds[b - 1]) for a, b in edges.reshape(-1, 2)]
    when = ", ".join(f"{a:.2f}–{b:.2f} s" for a, b in spans[:MAX_TOLD])
    more = f" and {len(spans) - MAX_TOLD} more" if len(spans) > MAX_TOLD else ""
    told = (
        f"camera: where it was is not known in {int((~known).sum())} of {len(known)} frames "
        f"({when}{more}): what they show is not believed"
    )
    return [told]


def _held(T: Floats, known: Mask) -> Floats:
    """Poses of which those not known are the nearest known one's."""
    there = np.flatnonzero(known)
    nearest = there[np.abs(np.arange(len(T))[:, None] - there[None]).argmin(axis=1)]
    return T[nearest]
