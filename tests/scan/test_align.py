"""Triangulation and the similarity from SfM's frame to the world."""

import numpy as np
from hypothesis import given, settings, strategies as st

from xsim_core.geometry import PinholeCamera, inverse_se3, look_at, se3_exp, transform_points
from xsim_core.scan.align import (
    BoardCorners,
    apply_similarity,
    fit_similarity,
    similarity_rms,
    triangulate_corners,
)

from .scenes import BOARD, T_WORLD_BOARD

CAMERA = PinholeCamera(640, 480, np.array([[600.0, 0, 319.5], [0, 600, 239.5], [0, 0, 1]]))
CORNERS_WORLD = transform_points(T_WORLD_BOARD, BOARD.corners_board)
TANGENTS = st.lists(st.floats(-2, 2), min_size=6, max_size=6)


@given(TANGENTS, st.floats(0.05, 20.0))
@settings(deadline=None, max_examples=40)
def test_the_similarity_is_recovered(xi, scale):
    T = se3_exp(np.array(xi))
    target = scale * transform_points(T, CORNERS_WORLD)
    s, R, t = fit_similarity(CORNERS_WORLD, target)
    np.testing.assert_allclose(s, scale, rtol=1e-6)
    np.testing.assert_allclose(R, T[:3, :3], atol=1e-6)
    assert similarity_rms(CORNERS_WORLD, target, s, R, t) < 1e-6 * scale
    assert np.linalg.det(R) > 0


@given(TANGENTS, st.floats(0.05, 20.0))
@settings(deadline=None, max_examples=40)
def test_cameras_move_with_the_points(xi, scale):
    """A point keeps its pixel when cameras and points change their frame together."""
    T_world_sfm = se3_exp(np.array(xi))
    T_cam_sfm = inverse_se3(look_at([0.3, 0.4, 0.9], [0.5, 0, 0]))[None]
    point_sfm = np.array([[0.5, 0.1, 0.02]])
    R, t = T_world_sfm[:3, :3], T_world_sfm[:3, 3]
    T_world_cam = apply_similarity(T_cam_sfm, scale, R, t)
    point_world = scale * point_sfm @ R.T + t
    before = CAMERA.project(transform_points(T_cam_sfm[0], point_sfm))
    after = CAMERA.project(transform_points(inverse_se3(T_world_cam[0]), point_world))
    np.testing.assert_allclose(after, before, atol=1e-6)


def board_views(num_views, rng, *, noise_px=0.2):
    eyes = [[0.6 + 0.6 * np.cos(a), 0.6 * np.sin(a), 0.6] for a in np.linspace(0, 4, num_views)]
    T_cam_world = np.stack([inverse_se3(look_at(e, [0.5, 0, 0])) for e in eyes])
    pixels = np.stack([CAMERA.project(transform_points(T, CORNERS_WORLD)) for T in T_cam_world])
    pixels = pixels + rng.normal(0, noise_px, pixels.shape)
    image, ids = np.divmod(np.arange(num_views * len(CORNERS_WORLD)), len(CORNERS_WORLD))
    return T_cam_world, BoardCorners(image, ids, pixels.reshape(-1, 2), num_views)


def test_corners_are_triangulated_among_wrong_detections():
    T_cam_world, corners = board_views(10, np.random.default_rng(0))
    corners.pixels[:: len(CORNERS_WORLD) * 5] += 60.0  # Corner 0 is wrong in two of ten photos.
    points = triangulate_corners(corners, T_cam_world, CAMERA)
    assert sorted(points) == list(range(len(CORNERS_WORLD)))
    error_mm = [1000 * np.linalg.norm(points[i] - CORNERS_WORLD[i]) for i in points]
    assert max(error_mm) < 0.5


def test_corners_seen_twice_are_left_out():
    T_cam_world, corners = board_views(2, np.random.default_rng(0))
    assert triangulate_corners(corners, T_cam_world, CAMERA) == {}
