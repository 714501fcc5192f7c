"""Stretches that an outside tracker lost, and where the object is to be registered again."""

import numpy as np

from tests.pose_track.films import small_film
from xsim_core.film.frames import Video
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.pose_track._again import lost_stretches
from xsim_core.pose_track.raw_track import RawTrack
from xsim_core.tracking import LOST, OK, TrackedPose


def lost_in(film, frames):
    """The film's true track, of which some frames are lost and a metre off."""
    track = RawTrack.empty(len(film.rgb))
    for i, T in enumerate(film.T_cam_object):
        is_lost = i in frames
        shown = T + np.eye(4)[:, [3]] * np.eye(4)[3] * is_lost
        track.put(i, TrackedPose(shown, LOST if is_lost else OK, 0.9 * (not is_lost), 1.0))
    return track


def test_it_is_registered_where_it_is_seen_first_from_the_good_frames_on():
    film = small_film(8)
    video = Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)
    found = lost_stretches(lost_in(film, (0, 1, 4, 5)), video, film.mesh, PoseTrackConfig())
    assert [(s.first, s.last, s.register) for s in found] == [(0, 1, 1), (4, 5, 4)]
    for stretch in found:
        T = film.T_cam_object[stretch.register]
        low, high = (
            f(film.camera.project(film.mesh.vertices @ T[:3, :3].T + T[:3, 3]), 0)
            for f in (np.min, np.max)
        )
        v, u = np.nonzero(stretch.mask)
        assert len(u) > 100
        assert (np.stack([u, v], -1) >= low - 2).all()
        assert (np.stack([u, v], -1) <= high + 2).all()


def test_without_a_good_frame_nothing_is_asked():
    film = small_film(3)
    video = Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)
    assert lost_stretches(lost_in(film, range(3)), video, film.mesh, PoseTrackConfig()) == []
