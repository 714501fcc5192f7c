"""Following a moving camera by the room: keyframes, and every frame's pose among them.

Each frame is located by the keyframes nearest to where the one before it was, so that poses do not
add up from frame to frame, and a camera that comes back is where it was (Klein and Murray 2007 have
the keyframes, Whelan et al. 2015 the return).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xsim_core.film.frames import Video
from xsim_core.geometry import inverse_se3, rotation_angle, transform_points

from .features import Features, find_features, matches
from .locate import MIN_INLIERS, Located, locate

Floats = NDArray[np.floating]

NUM_NEAREST = 3
MAX_LOOKED_AT = 12
"""Keyframes that a lost frame is looked for in, spread over them all."""
FAR_RAD = np.deg2rad(8)
FAR_SHARE = 0.06
"""Of the depth: a frame farther from every keyframe than either becomes one."""
M_PER_RAD = 0.6
"""What a turn counts for as a distance."""


@dataclass(frozen=True)
class RoomPath:
    """Where a camera was, in the frame of its first keyframe's camera ("room")."""

    T_room_cam: Floats
    """(t, 4, 4); of frames that could not be located that of the nearest one before."""
    has_pose: NDArray[np.bool_]
    """(t,)."""
    rms_px: Floats
    """(t,) of the room's points; NaN without a pose, and for the first."""
    num_points: NDArray[np.int64]
    """(t,) of the room that agree on the pose."""
    keyframes: tuple[int, ...]


@dataclass(frozen=True)
class _Keyframe:
    """A frame that others are located by: its camera, and its features that have depth."""

    frame: int
    T_room_cam: Floats
    features: Features
    points_room: Floats


@dataclass
class _Follower:
    """The keyframes so far."""

    video: Video
    keyframes: list[_Keyframe] = field(default_factory=list)

    def keep(self, i: int, T_room_cam: Floats, features: Features) -> None:
        points = transform_points(T_room_cam, features.points_cam)
        self.keyframes.append(_Keyframe(i, T_room_cam, features, points))

    def nearest(self, T_room_cam: Floats, most: int = NUM_NEAREST) -> list[_Keyframe]:
        def far(k: _Keyframe) -> float:
            turn = float(rotation_angle(k.T_room_cam[:3, :3], T_room_cam[:3, :3]))
            return float(np.linalg.norm((k.T_room_cam - T_room_cam)[:3, 3])) + M_PER_RAD * turn

        return sorted(self.keyframes, key=far)[:most]

    def look(self, features: Features, T_guess: Floats) -> "_Look | None":
        """Locate a frame by the nearest keyframes; where these do not show it, by others."""
        found = self._by(features, self.nearest(T_guess))
        if found is None and len(self.keyframes) > NUM_NEAREST:
            step = -(-len(self.keyframes) // MAX_LOOKED_AT)
            found = self._by(features, self.keyframes[::step])
        return found

    def _by(self, features: Features, keyframes: list[_Keyframe]) -> "_Look | None":
        pairs = [matches(k.features, features) for k in keyframes]
        points = [k.points_room[p[:, 0]] for k, p in zip(keyframes, pairs, strict=True)]
        of_frame = np.concatenate([p[:, 1] for p in pairs])
        pixels = features.pixels[of_frame]
        located = locate(np.concatenate(points), pixels, self.video.camera)
        if located is None:
            return None
        moves = np.zeros(len(features.pixels), bool)
        moves[of_frame[~located.is_inlier]] = True
        moves[of_frame[located.is_inlier]] = False
        return _Look(located, moves)

    def is_new(self, T_room_cam: Floats, features: Features) -> bool:
        """Whether the camera is so far from every keyframe that it needs another."""
        nearest = self.nearest(T_room_cam, most=1)[0].T_room_cam
        depth_m = float(np.median(features.points_cam[features.has_depth, 2]))
        moved_m = float(np.linalg.norm((nearest - T_room_cam)[:3, 3]))
        turn = float(rotation_angle(nearest[:3, :3], T_room_cam[:3, :3]))
        return moved_m > FAR_SHARE * depth_m or turn > FAR_RAD


@dataclass(frozen=True)
class _Look:
    located: Located
    moves: NDArray[np.bool_]
    """(n,) features of the frame that are known and are not where the room has them."""


def follow_room(
    video: Video, first: int, *, report: Callable[[float], None] = lambda share: None
) -> RoomPath | None:
    """Where the camera was in every frame, by the room; None where the first shows too little.

    Args:
        video: with depth.
        first: the frame whose camera is the room's frame; the others are gone through outwards.
        report: is told the share that is done.
    """
    n = video.num_frames
    T_room_cam, has_pose = np.tile(np.eye(4), (n, 1, 1)), np.zeros(n, bool)
    rms_px, num_points = np.full(n, np.nan), np.zeros(n, np.int64)
    follower, start = _Follower(video), video_features(video, first)
    if start.has_depth.sum() < MIN_INLIERS:
        return None
    follower.keep(first, np.eye(4), start.only(start.has_depth))
    has_pose[first] = True
    num_points[first] = int(start.has_depth.sum())
    outwards: tuple[Iterable[int], Iterable[int]] = range(first + 1, n), range(first - 1, -1, -1)
    for frames in outwards:
        T = np.eye(4)
        for i in frames:
            features = video_features(video, i)
            look = follower.look(features, T)
            if look is not None:
                T, has_pose[i] = inverse_se3(look.located.T_cam_room), True
                rms_px[i], num_points[i] = look.located.rms_px, look.located.is_inlier.sum()
                of_room = features.only(features.has_depth & ~look.moves)
                if len(of_room.pixels) >= MIN_INLIERS and follower.is_new(T, of_room):
                    follower.keep(i, T, of_room)
            T_room_cam[i] = T
            report(float(has_pose.sum()) / n)
    return RoomPath(
        T_room_cam, has_pose, rms_px, num_points, tuple(k.frame for k in follower.keyframes)
    )


def video_features(video: Video, i: int) -> Features:
    """The features of a frame of a film."""
    return find_features(video.rgb(i), video.depth_m(i), video.camera)
