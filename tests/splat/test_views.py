"""xsim_core/splat/views.py: points fall where the photo shows them, hidden ones are left out."""

import numpy as np

from xsim_core.geometry import PinholeCamera, inverse_se3, look_at, transform_points
from xsim_core.splat.views import PosedViews, _in_front, _make_view

CAMERA = PinholeCamera.from_fov(80, 60, 0.9)
T_WORLD_CAM = look_at([1.2, 0.3, 0.7], [0.5, 0.0, 0.0])


def test_points_fall_on_their_pixel_at_their_depth():
    rng = np.random.default_rng(0)
    uv, z = rng.uniform(2, [77, 57], (40, 2)), rng.uniform(0.5, 0.52, 40)
    points_cam = np.c_[uv, np.ones(40)] @ np.linalg.inv(CAMERA.K).T * z[:, None]
    behind = transform_points(T_WORLD_CAM, [[0, 0, -1.0], [0.1, 0, -0.5]])
    beside = transform_points(T_WORLD_CAM, [[5.0, 0, 1.0]])
    points = np.concatenate([transform_points(T_WORLD_CAM, points_cam), behind, beside])
    photo = rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
    view = _make_view(photo, inverse_se3(T_WORLD_CAM), points.astype(np.float32), CAMERA)
    np.testing.assert_allclose(view.points_px, uv, atol=1e-3)
    np.testing.assert_allclose(view.points_depth_m, z, atol=1e-5)
    assert view.rgb.shape == (60, 80, 3)
    assert abs(float(view.rgb.mean()) - photo.mean() / 255) < 0.01


def test_a_point_behind_another_in_the_same_cell_is_hidden():
    uv = np.array([[10.0, 10.0], [11.0, 10.0], [12.0, 11.0], [40.0, 40.0]])
    z = np.array([1.0, 1.05, 1.3, 5.0])
    np.testing.assert_array_equal(_in_front(uv, z), [True, True, False, True])


def test_the_extent_is_the_radius_of_the_cameras():
    ring = [look_at([np.cos(a), np.sin(a), 0.5], [0, 0, 0]) for a in np.linspace(0, 6.28, 9)[:-1]]
    none = np.zeros((0, 3), np.float32)
    photo = np.zeros((60, 80, 3), np.uint8)
    views = tuple(_make_view(photo, inverse_se3(T), none, CAMERA) for T in ring)
    assert abs(PosedViews(CAMERA, views, (), none, none).extent_m - 1.1) < 1e-2


def test_cameras_in_one_place_are_measured_by_how_far_they_see():
    points = transform_points(T_WORLD_CAM, [[0, 0, 0.8], [0.1, 0, 0.8]]).astype(np.float32)
    photo = np.zeros((60, 80, 3), np.uint8)
    views = tuple(_make_view(photo, inverse_se3(T_WORLD_CAM), points, CAMERA) for _ in range(3))
    seen = PosedViews(CAMERA, views, (), points, points)
    assert seen.is_one_viewpoint
    assert abs(seen.extent_m - 0.8) < 1e-4
