"""xsim_core/tracking/initialisation/coverage.py: what each share says, and what a hand may hide."""

import numpy as np
import pytest

from tests.tracking.objects import bare, scaled
from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, l_block, make_camera, push_motion
from xsim_core.geometry import inverse_se3
from xsim_core.tracking import RayCaster, TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.initialisation.coverage import USUAL_RIM, Coverage, CoverageJudge

CAMERA, MESH = make_camera(), bare(l_block())
T_WORLD, T_HAND = (poses[0] for poses in push_motion(10))
T = inverse_se3(T_WORLD_CAM) @ T_WORLD


def judge(T_hand=None, *, blind=False):
    rgb, depth_m = Scene(CAMERA, MESH).render(T_WORLD, T_hand)
    level = Level(rgb, 0 * depth_m if blind else depth_m, CAMERA)
    return CoverageJudge(level, np.array(box_of(MESH, T_WORLD, CAMERA)), TrackerConfig())


def test_the_right_pose_covers_what_stands_there():
    c = judge().coverage(RayCaster(MESH), T)
    assert c.in_box == 1
    assert c.seen == 1
    assert min(c.closeness, c.explained, c.standing) > 0.95
    assert c.continued < USUAL_RIM
    assert c.quality > 0.9


def test_what_a_hand_hides_counts_neither_way():
    c = judge(T_HAND).coverage(RayCaster(MESH), T)
    assert 0.5 < c.seen < 0.9
    assert min(c.closeness, c.explained, c.standing) > 0.95


def test_a_small_mesh_leaves_some_over_and_a_large_one_stands_where_nothing_is():
    small, large = scaled(MESH, 0.6), scaled(MESH, 1.5)
    c = judge().coverage(RayCaster(small), T)
    assert c.explained < 0.7
    c = judge().coverage(RayCaster(large), T)
    assert c.standing < 0.8
    assert c.closeness < 0.8


def test_a_surface_that_goes_on_beyond_the_outline():
    """A patch in the middle of a wall agrees in depth, and is none the less wrong."""
    wall = Level(np.zeros((240, 320, 3), np.uint8), np.full((240, 320), 0.8, np.float32), CAMERA)
    flat = scaled(MESH, 1.0)
    flat.vertices[:, 2] *= 1e-3
    T_flat = np.eye(4)
    T_flat[:3, 3] = 0, 0, 0.8
    seen = CoverageJudge(wall, np.array([140.0, 95, 180, 145]), TrackerConfig())
    c = seen.coverage(RayCaster(flat), T_flat)
    assert c.closeness > 0.99
    assert c.continued > 0.95
    assert c.quality < 0.15


def test_without_depth_nothing_speaks_for_a_pose():
    c = judge(blind=True).coverage(RayCaster(MESH), T)
    assert c.quality == 0
    assert c.explained is None


def test_quality_counts_what_is_told():
    assert Coverage(closeness=0.9).quality == pytest.approx(0.9)
    assert Coverage(closeness=0.9, continued=0.8).quality == pytest.approx(0.45)
    half = Coverage(closeness=0.9, explained=0.5, standing=0.5)
    assert half.quality == pytest.approx(0.225)
    assert Coverage(closeness=1, explained=0.0, standing=1.0).quality == 0


def test_out_of_view_is_no_coverage():
    behind = T.copy()
    behind[2, 3] = -1
    assert judge().coverage(RayCaster(MESH), behind) == Coverage()
