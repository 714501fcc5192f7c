import numpy as np

from tests.tracking.scenes import l_block, make_camera
from xsim_core.geometry import make_se3, rotation_angle, so3_exp
from xsim_core.tracking.frame import Frame
from xsim_core.tracking.initialisation.search import (
    SHIFT_M,
    TURN_RAD,
    moved_to_boxes,
    starts_around,
)

MESH, CAMERA = l_block(), make_camera()
BASE = make_se3(so3_exp([0.2, -0.1, 0.4]), [0.05, -0.02, 0.7])


def centre_cam(T):
    return T[:3, :3] @ MESH.centre + T[:3, 3]


def test_starts_are_the_pose_turned_about_its_centre_or_shifted():
    first, *others = starts_around(BASE, MESH.centre)
    np.testing.assert_array_equal(first, BASE)
    assert len(others) == 12
    for turned, shifted in zip(others[::2], others[1::2], strict=True):
        np.testing.assert_allclose(centre_cam(turned), centre_cam(BASE), atol=1e-12)
        np.testing.assert_allclose(rotation_angle(turned[:3, :3], BASE[:3, :3]), TURN_RAD)
        np.testing.assert_array_equal(shifted[:3, :3], BASE[:3, :3])
        np.testing.assert_allclose(np.linalg.norm(shifted[:3, 3] - BASE[:3, 3]), SHIFT_M)


def test_a_pose_moved_to_a_box_shows_its_centre_there_behind_what_was_measured():
    rgb = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    depth_m = np.zeros((CAMERA.height, CAMERA.width), np.float32)
    boxes = [(40.0, 30.0, 80.0, 70.0), (200.0, 150.0, 240.0, 190.0)]
    depth_m[30:71, 40:81] = 0.9
    measured, unmeasured = moved_to_boxes(Frame(rgb, depth_m, CAMERA), BASE, MESH, boxes)
    for T, (x0, y0, x1, y1) in zip((measured, unmeasured), boxes, strict=True):
        at = CAMERA.K @ centre_cam(T)
        np.testing.assert_allclose(at[:2] / at[2], [(x0 + x1) / 2, (y0 + y1) / 2], atol=1e-9)
        np.testing.assert_allclose(T[:3, :3], BASE[:3, :3], atol=1e-12)
    np.testing.assert_allclose(centre_cam(measured)[2], 0.9 + 0.25 * MESH.diameter_m, atol=1e-6)
    np.testing.assert_allclose(centre_cam(unmeasured)[2], centre_cam(BASE)[2])
