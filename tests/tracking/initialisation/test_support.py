"""xsim_core/tracking/initialisation/support.py: the table around a box, or nothing."""

import numpy as np
import pytest

from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, l_block, make_camera, push_motion
from xsim_core.geometry import transform_points
from xsim_core.tracking import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.initialisation.support import find_support, measured_points

CAMERA, MESH = make_camera(), l_block()
T_WORLD = push_motion(10)[0][0]
BOX = np.array(box_of(MESH, T_WORLD, CAMERA))


def test_the_table_is_found_and_the_object_stands_on_it():
    level = Level(*Scene(CAMERA, MESH).render(T_WORLD), CAMERA)
    support = find_support(level, BOX, TrackerConfig())
    up_cam = T_WORLD_CAM[:3, :3].T @ [0, 0, 1]
    assert support.normal @ up_cam == pytest.approx(1, abs=2e-4)
    heights = support.heights(measured_points(level))[level.depth_m > 0]
    truth = transform_points(T_WORLD_CAM, measured_points(level)[level.depth_m > 0])[:, 2]
    near = np.abs(heights) < 0.2
    np.testing.assert_allclose(heights[near], truth[near], atol=0.004)
    same = find_support(level, BOX, TrackerConfig())
    assert np.array_equal(same.normal, support.normal)


def test_where_nothing_is_flat_there_is_no_support():
    rng = np.random.default_rng(0)
    rough = rng.uniform(0.5, 1.0, (240, 320)).astype(np.float32)
    level = Level(np.zeros((240, 320, 3), np.uint8), rough, CAMERA)
    assert find_support(level, BOX, TrackerConfig()) is None
    blind = Level(level.rgb, np.zeros_like(rough), CAMERA)
    assert find_support(blind, BOX, TrackerConfig()) is None
