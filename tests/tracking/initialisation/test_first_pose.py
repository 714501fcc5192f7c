"""xsim_core/tracking/initialisation/first_pose.py: what is believed of it, and what stops.

The table of many meshes and films is ``tests/benchmarks/tracking/bench_first_pose.py``.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from tests.tracking.objects import bare, mirrored, painted, scaled
from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, l_block, make_camera, push_motion
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3
from xsim_core.tracking import OK, ObjectTracker, RayCaster, TrackerConfig
from xsim_core.tracking.appearance import Appearance, ColourModel, Lighting
from xsim_core.tracking.frame import Frame
from xsim_core.tracking.initialisation.first_pose import RunnerUp, examine, objection
from xsim_core.tracking.initialisation.initialise import level_of_box
from xsim_core.tracking.refine import ObjectModel, apply_motion
from xsim_core.tracking.verify import verify

CAMERA, MESH, CONFIG = make_camera(), l_block(), TrackerConfig()


@lru_cache
def picture(with_hand=False):
    """A frame of the L, its pose in the camera frame and the box around it."""
    T_world, T_hand = (poses[0] for poses in push_motion(10))
    view = Scene(CAMERA, MESH).render(T_world, T_hand if with_hand else None)
    return view, inverse_se3(T_WORLD_CAM) @ T_world, box_of(MESH, T_world, CAMERA)


def examined(mesh, *poses, box=None, with_hand=False):
    """``FirstPose`` of poses (the true one) of a mesh in the picture."""
    (rgb, depth_m), T, drawn = picture(with_hand)
    frame = Frame(rgb, depth_m, CAMERA)
    level, small = level_of_box(frame, box or drawn, CONFIG)
    model = ObjectModel(RayCaster(mesh), Appearance(mesh), ColourModel(), Lighting.neutral())
    looks = {k: getattr(model, k) for k in ("caster", "appearance", "colours", "lighting")}
    found = [(p, verify(p, level, **looks, config=CONFIG)) for p in poses or [T]]
    return examine(found, level, small, model, config=CONFIG)


@pytest.mark.parametrize("mesh", [MESH, bare(MESH)], ids=["painted", "bare"])
@pytest.mark.parametrize("with_hand", [False, True], ids=["free", "under a hand"])
def test_nothing_speaks_against_the_right_pose(mesh, with_hand):
    first = examined(mesh, with_hand=with_hand)
    assert objection(first) is None
    assert first.coverage.quality > 0.9
    assert first.size == 1


@pytest.mark.parametrize(("factor", "told"), [(0.8, "about 1.25 times"), (1.25, "about 0.8 times")])
def test_a_mesh_of_another_size_is_told_with_the_factor(factor, told):
    _, T, _ = picture()
    smaller = scaled(bare(MESH), factor)
    # Where its front lies on the measured one, as a search would put it.
    shift = T[:3, :3] @ (MESH.centre - smaller.centre) + [0, 0, 0.4 * (factor - 1) * 0.08]
    against = objection(examined(smaller, apply_motion(T, np.r_[shift, 0, 0, 0], T[:3, 3])))
    assert told in against


def test_other_paint_on_the_right_shape_is_told():
    against = objection(examined(painted(MESH, 5)))
    assert "the shape fits, the colours do not" in against


@pytest.mark.parametrize("box", [(10, 10, 60, 60), (10, 10, 310, 230)], ids=["elsewhere", "large"])
def test_a_pose_that_does_not_fill_the_box_is_told(box):
    against = objection(examined(MESH, box=box))
    assert "% of the box" in against
    assert "draw the box closely" in against


def test_a_pose_above_the_surface_and_one_beside_it_are_told():
    _, T, _ = picture()
    for shift in ([0, 0, -0.05], [0.02, 0, 0]):
        moved = apply_motion(T, np.r_[shift, 0, 0, 0], T[:3, 3])
        assert "what is measured there is not the mesh" in objection(examined(bare(MESH), moved))


def test_the_runner_up_is_another_pose_and_its_distance_is_told():
    _, T, _ = picture()
    centre = T[:3, :3] @ MESH.centre + T[:3, 3]
    near = apply_motion(T, np.array([0.001, 0, 0, 0, 0, 0.01]), centre)
    turned = apply_motion(T, np.r_[0, 0, 0, np.pi * T[:3, 2]], centre)
    first = examined(MESH, T, near, turned)
    assert first.runner_up.angle_rad == pytest.approx(np.pi, abs=1e-6)
    assert 0.02 < first.runner_up.distance_m < 0.08
    assert 0.002 < first.runner_up.surface_m < first.runner_up.distance_m
    quality, margin, distance_m, _, _ = first.figures
    assert quality == first.coverage.quality
    assert margin == pytest.approx(first.fit - first.runner_up.fit)
    assert distance_m == first.runner_up.distance_m
    assert objection(first) is None
    twin = RunnerUp(first.fit - 0.01, 0.05, 0.015, np.pi)
    assert "turned by 180° and with its surface 15 mm off" in objection(
        replace(first, runner_up=twin)
    )
    assert objection(replace(first, runner_up=replace(twin, surface_m=0.002))) is None
    assert np.isnan(examined(MESH, T, near).figures[1:]).all()


def test_the_search_with_a_mirrored_mesh_stops():
    view, _, box = picture()
    with pytest.raises(BadInputError, match=r"not found in the box .* Check that the mesh is this"):
        ObjectTracker(mirrored(bare(MESH)), CAMERA).initialise(*view, box)


def test_a_box_that_was_not_drawn_need_not_be_filled():
    view, _, box = picture()
    wide = (box[0] - 25, box[1] - 25, box[2] + 25, box[3] + 25)
    tracker = ObjectTracker(MESH, CAMERA)
    assert tracker.initialise(*view, wide, is_drawn=False).status == OK
    assert tracker.first_pose is None
