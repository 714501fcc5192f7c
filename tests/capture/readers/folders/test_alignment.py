import numpy as np

from xsim_core.capture.readers.folders.alignment import align_depth
from xsim_core.geometry import PinholeCamera, make_se3


def test_alignment_moves_a_plane_by_the_baseline():
    camera = PinholeCamera.from_fov(64, 48, 1.0)
    depth_mm = np.full((48, 64), 1000, np.uint16)
    depth_mm[20:30, 30:40] = 500
    T = make_se3(np.eye(3), [0.05, 0, 0])
    aligned = align_depth(depth_mm, camera.K, camera.K, T, (48, 64))
    shift = camera.K[0, 0] * 0.05 / np.array([0.5, 1.0])
    columns = np.flatnonzero(aligned[25] == 500)
    assert abs(columns.mean() - (34.5 + shift[0])) <= 1
    # Behind the near patch, nothing of the far plane shows through.
    assert (aligned[22:28, columns.min() : columns.max()] == 500).all()
