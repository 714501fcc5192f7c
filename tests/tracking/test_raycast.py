"""xsim_core/tracking/raycast.py: the rendered surface against planes and spheres known exactly."""

import numpy as np
import pytest
import trimesh

from tests.checking import shapes_checked
from tests.tracking.scenes import l_block, make_camera
from xsim_core.geometry import TexturedMesh, make_se3, mesh_without_texture, so3_exp
from xsim_core.tracking import RayCaster, raycast
from xsim_core.tracking.raycast import dilate, erode

shapes = shapes_checked(raycast)

CAMERA = make_camera(160, 120)


def square(half_m):
    """A square in the xy-plane that faces +z, its texture the right way up."""
    xy = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return TexturedMesh(
        np.c_[xy * half_m, np.zeros(4)].astype(np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        ((xy + 1) / 2).astype(np.float32),
        np.zeros((8, 8, 3), np.uint8),
    )


def sphere(radius_m):
    ball = trimesh.creation.icosphere(subdivisions=4, radius=radius_m)
    return mesh_without_texture(ball.vertices, ball.faces)


@pytest.mark.parametrize("tilt_rad", [0.0, 0.6, -0.9])
def test_points_of_a_tilted_plane_lie_on_it_under_their_own_pixel(tilt_rad):
    # Turned by half a turn about x, the square faces the camera.
    T = make_se3(so3_exp([np.pi, 0, 0]) @ so3_exp([0, tilt_rad, 0]), [0.02, -0.01, 0.7])
    found = RayCaster(square(0.08)).render(T, CAMERA)
    assert len(found.pixels) > 300
    normal = T[:3, 2]
    np.testing.assert_allclose((found.points_cam - T[:3, 3]) @ normal, 0, atol=1e-6)
    np.testing.assert_allclose(np.abs(found.normals_cam @ normal), 1, atol=1e-6)
    assert ((found.normals_cam * found.points_cam).sum(-1) < 0).all()
    np.testing.assert_allclose(CAMERA.project(found.points_cam), found.pixels, atol=1e-3)


def test_texture_coordinates_are_interpolated_over_the_face():
    T = make_se3(so3_exp([np.pi, 0.2, 0.4]), [0, 0, 0.6])
    found = RayCaster(square(0.08)).render(T, CAMERA)
    local = (found.points_cam - T[:3, 3]) @ T[:3, :3]
    np.testing.assert_allclose(found.texcoord, local[:, :2] / 0.16 + 0.5, atol=1e-4)


def test_a_sphere_fills_its_silhouette_and_is_seen_from_the_front():
    T, radius = make_se3(np.eye(3), [0.03, 0.02, 0.8]), 0.07
    found = RayCaster(sphere(radius)).render(T, CAMERA)
    np.testing.assert_allclose(
        np.linalg.norm(found.points_cam - T[:3, 3], axis=-1), radius, rtol=0.01
    )
    rays = CAMERA.unproject(np.ones((CAMERA.height, CAMERA.width)))
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    distance = np.linalg.norm(np.cross(rays, T[:3, 3]), axis=-1)
    mask = np.zeros(distance.shape, bool)
    mask[found.roi.slices] = found.mask
    assert (mask == (distance < radius)).mean() > 0.999
    front = T[:3, 3] - found.points_cam
    assert (front[:, 2] > 0).all()


def test_values_go_to_the_rectangle_and_back():
    found = RayCaster(l_block()).render(make_se3(so3_exp([2, 0.3, 0]), [0, 0, 0.6]), CAMERA)
    values = np.arange(2 * len(found.pixels), dtype=np.float32).reshape(-1, 2)
    image = np.full((CAMERA.height, CAMERA.width, 2), -1, np.float32)
    image[found.roi.slices] = found.image_of(values, fill=-1)
    np.testing.assert_array_equal(found.at_hits(image), values)
    assert (image[..., 0] >= 0).sum() == len(values)


@pytest.mark.parametrize("position", [[0, 0, -0.6], [9, 0, 0.6], [0, 0, 0.0]])
def test_an_object_behind_beside_or_at_the_lens_is_not_rendered(position):
    found = RayCaster(l_block()).render(make_se3(np.eye(3), position), CAMERA)
    assert len(found.pixels) == 0
    assert found.points_cam.shape == (0, 3)


def test_the_rectangle_holds_the_object_and_its_margin_within_the_image():
    caster, T = RayCaster(l_block()), make_se3(so3_exp([2, 0.3, 0]), [0.2, 0, 0.6])
    tight, wide = (caster.project_roi(T, CAMERA, margin) for margin in (0, 5))
    pixels = caster.render(T, CAMERA).pixels
    assert (pixels >= [tight.u0, tight.v0]).all()
    assert (pixels < [tight.u1, tight.v1]).all()
    assert (wide.u0, wide.v0) == (tight.u0 - 5, tight.v0 - 5)
    assert wide.u1 <= CAMERA.width


def test_masks_shrink_and_grow_by_their_radius_and_end_at_the_image():
    mask = np.zeros((20, 30), bool)
    mask[5:15, 8:20] = True
    inner, outer = erode(mask, 2), dilate(mask, 2)
    assert inner[7:13, 10:18].all()
    assert inner.sum() == 6 * 8
    assert outer.sum() == 14 * 16
    assert erode(np.ones((10, 10), bool), 1).sum() == 64
