import numpy as np

from tests.capture.place.films import film
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture.place.support_plane import support_plane
from xsim_core.geometry import PinholeCamera


def test_the_table_is_found_under_noise():
    made = film()
    plane = support_plane(made.depth_mm[0] / 1000, made.camera, made.box)
    up_cam = T_WORLD_CAM[:3, :3].T @ [0, 0, 1]
    assert np.rad2deg(np.arccos(plane.normal_cam @ up_cam)) < 0.15
    assert abs(plane.offset_m - T_WORLD_CAM[2, 3]) < 0.001
    assert plane.share > 0.8


def test_a_picture_without_a_plane_has_none():
    camera = PinholeCamera.from_fov(64, 48, 0.8)
    rng = np.random.default_rng(0)
    box = (20.0, 15.0, 40.0, 30.0)
    assert support_plane(rng.uniform(0.4, 3.0, (48, 64)), camera, box) is None
    assert support_plane(np.zeros((48, 64)), camera, box) is None
