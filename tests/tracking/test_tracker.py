from functools import lru_cache

import numpy as np
import pytest

from tests.tracking.objects import bare
from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, l_block, make_camera, pushed
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, inverse_se3, make_se3, mesh_without_texture, so3_exp
from xsim_core.tracking import LOST, OCCLUDED, OK, ObjectTracker, TrackerConfig, add_m, auc

CAMERA, MESH = make_camera(), l_block()
POINTS = MESH.sample_surface(300, rng=np.random.default_rng(0))


@lru_cache
def recording(num_frames=16):
    """Frames of the block pushed by a hand, and its true poses in the camera frame."""
    frames, T = pushed(Scene(CAMERA, MESH), num_frames)
    return frames, inverse_se3(T_WORLD_CAM) @ T, box_of(MESH, T[0], CAMERA)


def follow(tracker, frames, box):
    return [tracker.initialise(*frames[0], box), *(tracker.track(*f) for f in frames[1:])]


def test_follows_a_pushed_block_under_a_hand():
    frames, truth, box = recording()
    poses = follow(ObjectTracker(MESH, CAMERA), frames, box)
    errors = add_m(np.array([p.T_cam_object for p in poses]), truth, POINTS)
    assert auc(errors) > 97
    assert errors.max() < 0.005
    assert all(p.status == OK for p in poses)
    assert all(0.5 < p.score <= 1 for p in poses)


def test_same_input_same_output():
    frames, _, box = recording()
    a, b = (follow(ObjectTracker(MESH, CAMERA), frames[:4], box) for _ in range(2))
    assert all(np.array_equal(x.T_cam_object, y.T_cam_object) for x, y in zip(a, b, strict=True))


def test_finds_it_again_after_total_occlusion():
    frames, truth, box = recording()
    blind = [(np.full_like(rgb, 90), np.full_like(z, 0.3)) for rgb, z in frames[4:8]]
    tracker = ObjectTracker(MESH, CAMERA, TrackerConfig(relocalise_every_s=0.13))
    poses = follow(tracker, [*frames[:4], *blind, *frames[13:]], box)
    assert all(p.status != OK for p in poses[4:8])
    errors = add_m(np.array([p.T_cam_object for p in poses[-2:]]), truth[-2:], POINTS)
    assert errors.max() < 0.005
    assert poses[-1].status == OK


def test_texture_decides_between_half_turns():
    """A plain box looks the same to the depth camera after half a turn; its texture does not."""
    import dataclasses

    import trimesh

    box = trimesh.creation.box((0.10, 0.06, 0.05)).apply_translation([0, 0, 0.025])
    plain = mesh_without_texture(box.vertices, box.faces)
    mesh = dataclasses.replace(plain, texture=l_block().texture, is_textured=True)
    points = mesh.sample_surface(300, rng=np.random.default_rng(0))
    scene = Scene(CAMERA, mesh)
    for yaw in (0.4, 0.4 + np.pi):
        T = make_se3(so3_exp([0, 0, yaw]), [0.5, 0, 0])
        found = ObjectTracker(mesh, CAMERA).initialise(*scene.render(T), box_of(mesh, T, CAMERA))
        truth = inverse_se3(T_WORLD_CAM) @ T
        assert add_m(found.T_cam_object[None], truth[None], points)[0] < 0.004


def test_mesh_without_texture_learns_its_colours():
    frames, truth, _ = recording()
    bare = mesh_without_texture(MESH.vertices, MESH.faces)
    tracker = ObjectTracker(bare, CAMERA)
    tracker.set_pose(truth[0])
    poses = [tracker.track(*f) for f in frames]
    errors = add_m(np.array([p.T_cam_object for p in poses]), truth, POINTS)
    assert auc(errors) > 93


def test_bare_table_is_not_the_object():
    frames, _, _ = recording()
    with pytest.raises(BadInputError, match="not found in the box"):
        ObjectTracker(MESH, CAMERA).initialise(*frames[0], (50, 150, 90, 190))


def test_box_without_depth_and_box_outside_the_image():
    frames, _, box = recording()
    rgb, depth_m = frames[0]
    tracker = ObjectTracker(MESH, CAMERA)
    with pytest.raises(BadInputError, match="no depth"):
        tracker.initialise(rgb, np.zeros_like(depth_m), box)
    with pytest.raises(BadInputError, match="fewer than 4 pixels"):
        tracker.initialise(rgb, depth_m, (900, 900, 950, 950))


def test_track_before_a_pose_is_refused():
    frames, _, _ = recording()
    with pytest.raises(BadInputError, match="initialise or set_pose"):
        ObjectTracker(MESH, CAMERA).track(*frames[0])


def test_an_object_that_is_gone_is_not_ok():
    frames, _, box = recording()
    scene = Scene(CAMERA, MESH)
    tracker = ObjectTracker(MESH, CAMERA)
    tracker.initialise(*frames[0], box)
    gone = scene.render(make_se3(np.eye(3), [5.0, 5.0, 0.0]))
    assert tracker.track(*gone).status in (OCCLUDED, LOST)


@pytest.mark.parametrize("mesh", [MESH, bare(MESH)], ids=["painted", "bare"])
def test_an_object_whose_image_grows_past_a_scale(mesh):
    """At 135 pixels frames are halved: what is learnt comes from the pixels that were judged."""
    near = PinholeCamera(400, 300, np.array([[1180.0, 0, 320], [0, 1180, 170], [0, 0, 1]]))
    scene, tracker, spans = Scene(near, MESH), ObjectTracker(mesh, near), []
    for x in (0.525, 0.533):
        T_world = make_se3(so3_exp([0, 0, 0.6]), [x, 0.02, 0])
        T = inverse_se3(T_WORLD_CAM) @ T_world
        pixels = near.project(MESH.vertices @ T[:3, :3].T + T[:3, 3])
        spans.append(np.ptp(pixels, axis=0).max())
        if len(spans) == 1:
            tracker.set_pose(T)
        pose = tracker.track(*scene.render(T_world))
        assert pose.status == OK
        assert add_m(pose.T_cam_object[None], T[None], POINTS)[0] < 0.003
    assert spans[0] < 132.5 < spans[1]  # 135 with the pixels that it touches
    if not mesh.is_textured:
        _is_painted_as(MESH, tracker)


def _is_painted_as(mesh, tracker):
    """What was learnt of the object's colours is what it is painted with, as it is lit."""
    learned = tracker._model.appearance
    known = learned._weight > 0
    a, b = learned.learned_texture[known].mean(-1), mesh.texture[known].astype(float).mean(-1)
    assert np.corrcoef(a, b)[0, 1] > 0.6
