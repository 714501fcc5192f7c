"""xsim_core/geometry/camera.py."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from xsim_core.geometry import PinholeCamera, look_at


@given(st.floats(0.2, 5.0), st.integers(0, 63), st.integers(0, 47))
def test_unproject_then_project_gives_the_pixel(depth, u, v):
    camera = PinholeCamera.from_fov(64, 48, 1.0)
    depth_m = np.full((48, 64), depth)
    np.testing.assert_allclose(camera.project(camera.unproject(depth_m)[v, u]), [u, v], atol=1e-9)


def test_points_behind_the_camera_project_to_nan():
    assert np.isnan(PinholeCamera.from_fov(64, 48, 1.0).project([0.1, 0.2, -1.0])).all()


def test_the_nearest_pixels_are_those_that_points_project_to():
    camera, rng = PinholeCamera.from_fov(64, 48, 1.0), np.random.default_rng(0)
    points = rng.uniform([-1, -1, -1], [1, 1, 2], (500, 3))
    rows, (v, u) = camera.nearest_pixels(points, near_m=0.1)
    with np.errstate(invalid="ignore"):
        at = np.rint(camera.project(points))
        is_shown = (points[:, 2] > 0.1) & (at >= 0).all(1) & (at < [64, 48]).all(1)
    assert 20 < len(rows) < 480
    np.testing.assert_array_equal(rows, np.flatnonzero(is_shown))
    np.testing.assert_array_equal(np.stack([u, v], 1), at[rows])


@given(st.sampled_from([(32, 24), (128, 96), (96, 72), (320, 240)]))
def test_resizing_keeps_the_image_borders(size):
    camera = PinholeCamera.from_fov(64, 48, 1.0)
    small = camera.resized(*size)
    point = np.array([0.11, -0.07, 0.6])
    # Border-relative coordinates, (pixel + 0.5) / size, must not move.
    a = (camera.project(point) + 0.5) / [camera.width, camera.height]
    b = (small.project(point) + 0.5) / [small.width, small.height]
    np.testing.assert_allclose(a, b, atol=1e-12)


def test_look_at_looks_at_with_the_image_upright():
    T_world_cam = look_at([1.0, 0.5, 0.7], [0.5, 0.0, 0.0])
    R = T_world_cam[:3, :3]
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)
    target_cam = np.linalg.inv(T_world_cam) @ [0.5, 0.0, 0.0, 1.0]
    np.testing.assert_allclose(target_cam[:2], 0.0, atol=1e-12)
    assert target_cam[2] > 0
    assert R[2, 1] < 0  # Image down points down in the world.


def test_looking_along_up_is_refused():
    with pytest.raises(ValueError, match="parallel to up"):
        look_at([0, 0, 1], [0, 0, 0])
