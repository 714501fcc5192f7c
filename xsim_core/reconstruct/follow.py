"""Follow the object through its film with a mesh that grows: each new view adds to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh, rotation_angle
from xsim_core.tracking import OK, ObjectTracker, RayCaster
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.raycast import Rendering, dilate, erode
from xsim_core.tracking.terms import depth_sigma

from .close import Closed, close
from .first_look import FirstLook, noise_at
from .paint import paint
from .volume import Look, Volume

NEW_VIEW_RAD = np.deg2rad(5)
"""A frame that sees the object this much from elsewhere is fused."""
GROW_RAD = np.deg2rad(12)
"""So much since the mesh was made, and it is made anew."""
MAX_LOOKS = 40
TRACK_FACES, TRACK_TEXELS = 2000, 400
ROOM = 0.35
"""The volume's room around what was first seen, in its size."""
TRACKED_FPS = 15.0
"""Frames a second that are looked at; what a hand moves does not move far between them."""


@dataclass
class Model:
    """What is known of the object so far."""

    volume: Volume
    looks: list[Look] = field(default_factory=list)

    def add(self, look: Look) -> None:
        """Fuse a frame."""
        self.volume.integrate(look)
        self.looks.append(look.cropped())

    def mesh(self, *, faces: int, texels: int) -> tuple[Closed, TexturedMesh]:
        """Close and paint it."""
        closed = close(self.volume, max_faces=faces)
        return closed, paint(closed.vertices, closed.faces, self.looks, size=texels)


def start_model(video: Video, first: FirstLook, config: TrackerConfig) -> Model:
    """The model of the first look alone."""
    size = np.ptp(first.extent_m, axis=0)
    z = float(np.median(first.depth_m[first.is_object]))
    pixel_m = z / float(video.camera.K[0, 0])
    diagonal = float(np.linalg.norm(size))
    voxel_m = float(np.clip(max(pixel_m, diagonal / 80), 0.0012, 0.006))
    room = ROOM * max(size[0], size[1]) + 0.02
    low = first.extent_m[0] - [room, room, 0]
    high = first.extent_m[1] + [room, room, 0.015]
    low[2] = -1.5 * voxel_m  # So that the support lies half way between two layers.
    shape = tuple(int(n) for n in np.ceil((high - low) / voxel_m).astype(int) + 1)
    truncation_m = max(4 * voxel_m, 3 * noise_at(z, config))
    model = Model(Volume(low, (shape[0], shape[1], shape[2]), voxel_m, truncation_m))
    look = Look(
        first.rgb,
        first.depth_m,
        first.is_object,
        first.T_cam_object,
        video.camera,
        float(first.num_resting),
    )
    model.add(_without_rim(look, first.is_object))
    return model


def _without_rim(look: Look, mask: NDArray[np.bool_]) -> Look:
    """Pixels at the silhouette are half of one thing and half of another: they tell nothing."""
    depth_m = look.depth_m.copy()
    depth_m[dilate(mask, 1) & ~look.is_object] = 0
    return replace(look, depth_m=depth_m)


def follow(
    video: Video,
    first: FirstLook,
    model: Model,
    config: TrackerConfig,
    report: Callable[[float], None],
) -> NDArray[np.float64]:
    """Grow the model over the film; the poses (t, 4, 4) that were believed, NaN elsewhere."""
    T = np.full((video.num_frames, 4, 4), np.nan)
    T[first.frame] = first.T_cam_object
    step = _step(video)
    forward = range(first.frame + step, video.num_frames, step)
    backward = range(first.frame - step, -1, -step)
    done, total = 0, max(1, len(forward) + len(backward))
    for frames in filter(len, (forward, backward)):
        follower = _Follower(video, first, model, config)
        for i in frames:
            T[i] = follower.step(i)
            done += 1
            report(done / total)
    return T


def _step(video: Video) -> int:
    if video.num_frames < 2:
        return 1
    fps = 1 / max(float(np.median(np.diff(video.timestamps_s))), 1e-3)
    return max(1, round(fps / TRACKED_FPS))


class _Follower:
    """Goes through frames in order, from the first look outwards."""

    def __init__(self, video: Video, first: FirstLook, model: Model, config: TrackerConfig) -> None:
        self.video, self.model, self.config = video, model, config
        self._T = first.T_cam_object
        self._time_s = float(video.timestamps_s[first.frame])
        self._make_tracker()

    def _make_tracker(self) -> None:
        _, mesh = self.model.mesh(faces=TRACK_FACES, texels=TRACK_TEXELS)
        self._tracker = ObjectTracker(mesh, self.video.camera, self.config)
        self._tracker.set_pose(self._T, self._time_s)
        self._caster = RayCaster(mesh)
        self._num_new = 0

    def step(self, i: int) -> NDArray[np.float64]:
        """Track a frame, and fuse it where it shows something from elsewhere."""
        rgb, depth_m = self.video.rgb(i), self.video.depth_m(i)
        pose = self._tracker.track(rgb, depth_m, float(self.video.timestamps_s[i]))
        if pose.status != OK:
            return np.full((4, 4), np.nan)
        self._T, self._time_s = pose.T_cam_object, float(self.video.timestamps_s[i])
        if self._turned(self.model.looks) > NEW_VIEW_RAD and len(self.model.looks) < MAX_LOOKS:
            self._fuse(rgb, depth_m)
        return self._T

    def _turned(self, looks: list[Look]) -> float:
        """How far from all of these looks the object is turned."""
        return min(
            float(rotation_angle(look.T_cam_object[:3, :3], self._T[:3, :3])) for look in looks
        )

    def _fuse(self, rgb: NDArray[np.uint8], depth_m: NDArray[np.float32]) -> None:
        is_object, is_unsure = self._of_object(depth_m)
        known = depth_m.copy()
        known[is_unsure] = 0
        made_of = self.model.looks[: len(self.model.looks) - self._num_new]
        self.model.add(Look(rgb, known, is_object, self._T, self.video.camera))
        self._num_new += 1
        if self._turned(made_of) > GROW_RAD:
            self._make_tracker()

    def _of_object(
        self, depth_m: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Pixels (h, w) of the object's surface, and those that may be anything's."""
        rendering = self._caster.render(self._T, self.video.camera, margin_px=8)
        mask = np.zeros(depth_m.shape, bool)
        z = rendering.points_cam[:, 2]
        observed = rendering.at_hits(depth_m)
        near = (observed > 0) & (np.abs(observed - z) < 2 * depth_sigma(z, self.config) + 0.003)
        u, v = rendering.pixels.T
        mask[v[near], u[near]] = True
        silhouette = np.zeros(depth_m.shape, bool)
        silhouette[v, u] = True
        is_object = erode(mask, 1)
        # Whatever is measured behind the silhouette's rim is free; before it and on it, unsure.
        return is_object, dilate(silhouette, 2) & ~is_object & ~self._is_behind(depth_m, rendering)

    def _is_behind(self, depth_m: NDArray[np.float32], rendering: Rendering) -> NDArray[np.bool_]:
        """Pixels (h, w) of the silhouette through which something farther is seen."""
        far = np.zeros(depth_m.shape, bool)
        u, v = rendering.pixels.T
        far[v, u] = rendering.at_hits(depth_m) > rendering.points_cam[:, 2] + 0.015
        return erode(far, 1)
