"""xsim_core/calibrate/place/depth_views.py: the table is where physics has it."""

import numpy as np

from xsim_core.calibrate.place.depth_views import on_table_plane
from xsim_core.geometry import PinholeCamera, look_at

CAMERA = PinholeCamera.from_fov(64, 48, 0.8)
T_WORLD_CAM = look_at([1.2, 0.3, 0.7], [0.5, 0.0, 0.0])


def depth_of_plane(height_m):
    """z-depth (h, w) of a horizontal plane."""
    rays = CAMERA.unproject(np.ones((CAMERA.height, CAMERA.width))) @ T_WORLD_CAM[:3, :3].T
    return (height_m - T_WORLD_CAM[2, 3]) / rays[..., 2]


def test_a_table_rendered_millimetres_low_is_lifted_and_a_block_on_it_stays():
    depth_m = depth_of_plane(-0.006)
    depth_m[20:30, 20:40] = depth_of_plane(0.05)[20:30, 20:40]
    depth_m[0, :5] = 0
    found = on_table_plane(depth_m, CAMERA, T_WORLD_CAM, 0.002)
    expected = depth_of_plane(0.002)
    expected[20:30, 20:40] = depth_m[20:30, 20:40]
    expected[0, :5] = 0
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_what_is_not_near_the_table_is_no_table():
    depth_m = depth_of_plane(-0.02)
    np.testing.assert_array_equal(on_table_plane(depth_m, CAMERA, T_WORLD_CAM, 0.0), depth_m)
