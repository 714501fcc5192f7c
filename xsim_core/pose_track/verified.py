"""Poses from elsewhere, judged by the CPU tracker's own verification, frame by frame."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import Progress
from xsim_core.tracking import LOST, ObjectTracker, TrackedPose

from .config import PoseTrackConfig
from .raw_track import RawTrack


def judged(
    T_cam_object: NDArray[np.float64],
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    config: PoseTrackConfig,
    report: Progress,
    *,
    has_pose: NDArray[np.bool_] | None = None,
) -> RawTrack:
    """The track (t, 4, 4) with a score and a status for each frame, from ``init_frame`` outwards.

    Mesh and measured depth decide, not who made the poses: what the mesh's surface does not agree
    with is lost.

    Args:
        T_cam_object: (t, 4, 4).
        video: the film.
        mesh: of the object.
        summary: says where to begin.
        config: settings.
        report: is told how far it is.
        has_pose: (t,); the others are lost without being looked at.
    """
    track, start = RawTrack.empty(video.num_frames), summary.init_frame
    judge = ObjectTracker(mesh, video.camera, config.tracker)
    order = [*range(start, video.num_frames), *range(start - 1, -1, -1)]
    for k, i in enumerate(order):
        if video.is_repeat(i) or (has_pose is not None and not has_pose[i]):
            track.put(i, TrackedPose(T_cam_object[i], LOST, 0.0, 0.0))
        else:
            track.put(i, judge.judge(T_cam_object[i], video.rgb(i), video.depth_m(i)))
        report((k + 1) / len(order), {"frame": i, "score": float(track.score[i])})
    return track
