import numpy as np
import pytest

from xsim_core.calibrate.place.camera import CameraFitConfig, fit_camera
from xsim_core.calibrate.place.depth_views import on_table_plane
from xsim_core.geometry import (
    PinholeCamera,
    inverse_se3,
    look_at,
    make_se3,
    rotation_angle,
    so3_exp,
)

CAMERA = PinholeCamera(160, 120, np.array([[150.0, 0, 80], [0, 150.0, 60], [0, 0, 1]]))
T_WORLD_CAM = look_at((1.0, 0.35, 0.6), (0.45, 0, 0.05))
OFFSET = make_se3(so3_exp(np.deg2rad([0.6, -0.5, 0.6])), [0.006, -0.005, 0.007])
BOXES = (((0.35, -0.1, 0.0), (0.45, 0.05, 0.3)), ((0.55, 0.1, 0.0), (0.6, 0.3, 0.12)))


def depth_of_scene(T_world_cam, *, boxes=BOXES, noise_m=0.0, rng=None):
    """A table at z = 0 and boxes on it, by slabs."""
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width].astype(float)
    K = CAMERA.K
    ray = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], axis=-1)
    ray, eye = ray @ T_world_cam[:3, :3].T, T_world_cam[:3, 3]
    depth = np.where(ray[..., 2] < -1e-6, -eye[2] / np.minimum(ray[..., 2], -1e-6), np.inf)
    for low, high in boxes:
        with np.errstate(divide="ignore"):
            a, b = (np.array(low) - eye) / ray, (np.array(high) - eye) / ray
        near, far = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
        depth = np.where((near < far) & (near > 0), np.minimum(depth, near), depth)
    depth[depth > 3] = 0
    if noise_m:
        depth = np.where(depth > 0, depth + rng.normal(0, noise_m, depth.shape), 0)
    return depth


def error_of(fit):
    E = inverse_se3(fit.T_nominal_cam) @ OFFSET
    return np.linalg.norm(E[:3, 3]), rotation_angle(E[:3, :3], np.eye(3))


def test_the_camera_is_found_where_it_was_moved():
    rng = np.random.default_rng(0)
    seen = depth_of_scene(T_WORLD_CAM @ OFFSET, noise_m=0.0015, rng=rng)
    # A stranger stands on the table, and part of the picture has no depth.
    stranger = ((0.45, -0.25, 0.0), (0.52, -0.18, 0.06))
    seen = np.where(
        rng.random(seen.shape) < 0.1,
        0,
        np.minimum(seen, depth_of_scene(T_WORLD_CAM @ OFFSET, boxes=(*BOXES, stranger))),
    )
    expected = depth_of_scene(T_WORLD_CAM)
    fit = fit_camera([expected] * 2, [seen] * 2, CAMERA, CameraFitConfig(pixel_stride=1))
    distance_m, angle_rad = error_of(fit)
    assert distance_m < 0.002
    assert angle_rad < np.deg2rad(0.15)
    figures = fit.figures()
    assert figures["camera_moved_mm"] == pytest.approx(1e3 * np.linalg.norm(OFFSET[:3, 3]), abs=2)
    assert figures["camera_residual_mm"] < 0.5 * figures["camera_residual_before_mm"]


@pytest.mark.parametrize(
    "config", [CameraFitConfig(max_translation_m=0.003), CameraFitConfig(max_rotation_rad=0.002)]
)
def test_a_camera_that_would_be_far_away_is_not_believed(config):
    fit = fit_camera(
        [depth_of_scene(T_WORLD_CAM)], [depth_of_scene(T_WORLD_CAM @ OFFSET)], CAMERA, config
    )
    np.testing.assert_array_equal(fit.T_nominal_cam, np.eye(4))


def test_without_depth_the_camera_stays():
    expected = depth_of_scene(T_WORLD_CAM)
    fit = fit_camera([expected], [np.zeros_like(expected)], CAMERA, CameraFitConfig())
    np.testing.assert_array_equal(fit.T_nominal_cam, np.eye(4))


def test_the_rendered_table_is_put_where_physics_has_it():
    low = depth_of_scene(T_WORLD_CAM)
    T_above = T_WORLD_CAM.copy()
    T_above[2, 3] += 0.0025
    # Seen 2.5 mm too low: the same picture from a camera 2.5 mm higher above its table.
    sunk = depth_of_scene(T_above, boxes=())
    raised = on_table_plane(sunk, CAMERA, T_WORLD_CAM, 0.0)
    flat = depth_of_scene(T_WORLD_CAM, boxes=())
    is_seen = (flat > 0) & (sunk > 0)
    np.testing.assert_allclose(raised[is_seen], flat[is_seen], atol=1e-9)
    kept = on_table_plane(low, CAMERA, T_WORLD_CAM, 0.0)
    np.testing.assert_allclose(kept, low, atol=0.06)
