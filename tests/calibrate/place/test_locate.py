import numpy as np
import pytest

from tests.tracking.scenes import T_WORLD_CAM, Scene, l_block, make_camera, pushed
from xsim_core.calibrate.place.locate import LocateConfig, expected_box, locate_object
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, so3_exp


@pytest.fixture(scope="module")
def recorded():
    scene = Scene(make_camera(), l_block())
    frames, poses = pushed(scene, 12, with_hand=False)
    rgb = np.stack([image for image, _ in frames])
    depth_mm = np.stack([np.round(1000 * depth) for _, depth in frames]).astype(np.uint16)
    return scene, poses, rgb, depth_mm


def locate(recorded, T_expected, *, frames=slice(None), step_s=0.2):
    scene, _, rgb, depth_mm = recorded
    return locate_object(
        rgb[frames],
        depth_mm[frames],
        mesh=scene.mesh,
        camera=scene.camera,
        T_world_cam=T_WORLD_CAM,
        T_world_object=T_expected,
        time_s=step_s * np.arange(len(rgb[frames])),
        config=LocateConfig(),
    )


def test_the_object_is_found_away_from_where_it_was_expected(recorded):
    poses = recorded[1]
    shift = make_se3(so3_exp(np.array([0, 0, 0.15])), np.zeros(3))
    expected = poses[0] @ shift
    expected[:2, 3] += [0.02, -0.015]
    located = locate(recorded, expected)
    gap = np.linalg.norm(located.T_world_object[:, :3, 3] - poses[:, :3, 3], axis=1)
    assert np.median(gap) < 0.006, gap
    assert gap.max() < 0.02
    assert (located.score > 0.3).mean() > 0.8


@pytest.mark.parametrize(("step_s", "is_trusted"), [(0.01, False), (0.25, True)])
def test_what_no_hand_could_have_moved_so_fast_is_not_trusted(recorded, step_s, is_trusted):
    poses = recorded[1]
    located = locate(recorded, poses[0], frames=[0, 11], step_s=step_s)
    assert np.linalg.norm(poses[11][:3, 3] - poses[0][:3, 3]) > 0.1
    assert (located.score[1] > 0.3) == is_trusted


def test_a_start_outside_the_image_is_explained(recorded):
    scene = recorded[0]
    T = inverse_se3(T_WORLD_CAM) @ make_se3(np.eye(3), [0.5, 3.0, 0.0])
    with pytest.raises(BadInputError, match="outside the 320x240 image"):
        expected_box(scene.mesh, scene.camera, T, margin_px=5)
