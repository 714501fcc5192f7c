"""From poses in the camera, frame by frame, to one smooth motion in the world."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.film.camera_path import CameraPath, follow_camera
from xsim_core.film.frames import Video, open_video
from xsim_core.geometry import TexturedMesh
from xsim_core.geometry.arrays import PerFrame, Segments, Statuses, Times, Track
from xsim_core.geometry.symmetry import made_continuous
from xsim_core.geometry.symmetry_spec import ObjectSymmetry
from xsim_core.storage import OpenArtifact
from xsim_core.tracking import OCCLUDED, OK, fill_gaps, motion_segments, smooth_poses

from .config import PoseTrackConfig
from .raw_track import RawTrack
from .told import check_ok_share
from .video import check_inputs, open_mesh


@dataclass(frozen=True)
class Filmed:
    """A capture's film, the object's mesh, and where the camera was."""

    video: Video
    mesh: TexturedMesh
    path: CameraPath
    is_repeat: NDArray[np.bool_]
    """(t,): frames that repeat the one before."""

    @classmethod
    def of(cls, capture: OpenArtifact[Capture], config: PoseTrackConfig) -> "Filmed":
        """As the capture holds them.

        Raises:
            BadInputError: for what tracking cannot work with (``check_inputs``).
            QualityGateError: when the camera's pose cannot be told.
        """
        video, mesh = open_video(capture), open_mesh(capture)
        check_inputs(capture, video, mesh)
        path = follow_camera(video, capture.summary, config)
        repeats = np.array([video.is_repeat(i) for i in range(video.num_frames)])
        return cls(video, mesh, path, repeats)


@dataclass(frozen=True)
class WorldTrack:
    """The motion over t frames, gaps filled where they may be."""

    T_main_object: Track
    """(t, 4, 4) in the frame of the film's first place, as measured."""
    T_world_object: Track
    """(t, 4, 4) smoothed: what later stages use."""
    status: Statuses
    score: PerFrame
    timestamps_s: Times
    segments: Segments


def in_world(
    raw: RawTrack,
    filmed: Filmed,
    symmetry: ObjectSymmetry | None,
    config: PoseTrackConfig,
) -> WorldTrack:
    """What was found, continuous, without short gaps, smooth, and cut into segments.

    Raises:
        QualityGateError: when the object is lost too often.
    """
    times_s, path = filmed.video.timestamps_s, filmed.path
    T_seen = path.to_main(raw.T_cam_object)
    if symmetry is not None:
        T_seen = made_continuous(T_seen, np.isin(raw.status, (OK, OCCLUDED)), symmetry)
    T_main_object, status = fill_gaps(
        T_seen, raw.status, times_s, max_gap_s=config.smoothing.max_gap_s
    )
    check_ok_share(status, filmed.is_repeat, config)
    T_world_object = smooth_poses(
        path.world.T_world_cam @ T_main_object,
        _weights(raw, config),
        times_s,
        config=config.smoothing,
    )
    segments = motion_segments(T_world_object, times_s, config=config.segments)
    score = np.clip(raw.score, 0, 1).astype(np.float32)
    return WorldTrack(T_main_object, T_world_object, status, score, times_s, segments)


def _weights(raw: RawTrack, config: PoseTrackConfig) -> NDArray[np.float64]:
    """Smoothing weights (t,): the score where the object was seen, nothing where it was not."""
    occluded = config.smoothing.occluded_weight * (raw.status == OCCLUDED)
    return np.clip(raw.score, 0, 1).astype(np.float64) * ((raw.status == OK) + occluded)
