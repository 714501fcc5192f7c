"""xsim_core/pose_track/standing.py: the table beside the object, in the robot's frame."""

import numpy as np

from tests.pose_track.captures import commit_capture, synthetic_arrays
from xsim_core.film.camera_path import follow_camera
from xsim_core.film.frames import open_video
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.pose_track.standing import support_plane
from xsim_core.storage import ArtifactStore

CONFIG = PoseTrackConfig()


def measured(arrays, box):
    capture = commit_capture(ArtifactStore("memory://"), arrays, init_box_xyxy=box)
    video = open_video(capture)
    path = follow_camera(video, capture.summary, CONFIG)
    return support_plane(video, capture.summary, path, CONFIG.tracker)


def test_the_table_is_level_and_where_it_is():
    arrays, _, box = synthetic_arrays(3)
    plane = measured(arrays, box)
    assert plane is not None
    assert np.rad2deg(np.arccos(plane[2])) < 1.5
    at_the_object = (plane[3] - 0.5 * plane[0] + 0.1 * plane[1]) / plane[2]
    assert abs(at_the_object) < 0.004
    rough = np.random.default_rng(0).integers(500, 3000, arrays["video/depth_mm"].shape, np.uint16)
    assert measured({**arrays, "video/depth_mm": rough}, box) is None
