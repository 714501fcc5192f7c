"""xsim_core/tracking/frame.py: smaller scales show the same scene."""

import numpy as np
import pytest

from tests.checking import shapes_checked
from tests.tracking.scenes import make_camera
from xsim_core.tracking import frame
from xsim_core.tracking.frame import Frame, Level, Roi, roi_of_points

shapes = shapes_checked(frame)

CAMERA = make_camera(120, 90)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_point_of_a_plane_keeps_its_place_at_every_scale(scale):
    """Depth of a tilted plane, averaged by cell, lies on the plane seen by the smaller camera."""
    rays = CAMERA.unproject(np.ones((CAMERA.height, CAMERA.width)))
    normal = np.array([0.2, -0.1, -1.0])
    depth_m = -0.8 / (rays @ normal)
    level = Frame(np.zeros((90, 120, 3), np.uint8), depth_m, CAMERA).level(scale)
    assert level.depth_m.shape == (90 // scale, 120 // scale)
    assert (level.camera.height, level.camera.width) == level.depth_m.shape
    np.testing.assert_allclose(level.camera.unproject(level.depth_m) @ normal, -0.8, atol=2e-4)


def test_a_cell_across_an_edge_takes_the_nearer_surface():
    depth_m = np.full((90, 120), 2.0, np.float32)
    depth_m[:, :62] = 1.0  # Cells of 4 begin at 60: this one is half near, half far.
    level = Frame(np.zeros((90, 120, 3), np.uint8), depth_m, CAMERA).level(4)
    assert set(np.unique(level.depth_m)) == {1.0, 2.0}
    assert (level.depth_m[:, 15] == 1.0).all()


def test_unmeasured_pixels_do_not_count_and_cells_without_any_stay_unmeasured():
    depth_m = np.zeros((90, 120), np.float32)
    depth_m[0, 0] = 1.5
    level = Frame(np.zeros((90, 120, 3), np.uint8), depth_m, CAMERA).level(2)
    assert level.depth_m[0, 0] == 1.5
    assert (level.depth_m > 0).sum() == 1


def test_the_gradient_is_the_slope_of_the_brightness():
    v, u = np.mgrid[:90, :120]
    rgb = np.repeat((u + 2 * v)[..., None] / 2, 3, axis=-1).astype(np.uint8)
    gradient = Level(rgb, np.ones((90, 120), np.float32), CAMERA).gradient[3:-3, 3:-3]
    np.testing.assert_allclose(gradient.mean((0, 1)), [0.5, 1.0], atol=0.01)


def test_colours_fall_into_their_bin():
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [16, 32, 240]]], np.uint8)
    bins = Level(rgb, np.ones((1, 3), np.float32), CAMERA).colour_bin
    np.testing.assert_array_equal(bins, [[0, 16**3 - 1, (1 << 8) | (2 << 4) | 15]])


def test_a_rectangle_around_points_is_cut_at_the_border_and_ignores_what_has_no_pixel():
    points = np.array([[10.2, 20.0], [30.0, 40.7], [np.nan, np.nan]])
    assert roi_of_points(points, CAMERA, margin_px=0) == Roi(10, 20, 31, 42)
    assert roi_of_points(points, CAMERA, margin_px=15) == Roi(0, 5, 46, 57)
    assert roi_of_points(points + 200, CAMERA, margin_px=0).is_empty
    assert roi_of_points(points[2:], CAMERA, margin_px=3).is_empty
