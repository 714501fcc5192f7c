"""Distances to shapes with a formula."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, inverse_se3, look_at
from xsim_core.reconstruct.close import close
from xsim_core.reconstruct.volume import Look, Volume

CAMERA = PinholeCamera.from_fov(160, 120, 0.5)
HALF_M, TOP_M = 0.04, 0.05


def box_look(eye):
    """A box of 8 x 8 x 5 cm on a table, exactly as a camera at ``eye`` measures it."""
    T_world_cam = look_at(eye, (0, 0, 0.02))
    rays = CAMERA.unproject(np.ones((120, 160))) @ T_world_cam[:3, :3].T
    origin = T_world_cam[:3, 3]
    low, high = np.array([-HALF_M, -HALF_M, 0]), np.array([HALF_M, HALF_M, TOP_M])
    with np.errstate(divide="ignore"):
        t = np.stack([(low - origin) / rays, (high - origin) / rays])
    enters, leaves = t.min(0).max(-1), t.max(0).min(-1)
    table = -origin[2] / rays[..., 2]
    is_object = enters < leaves
    depth_m = np.where(is_object, enters, table).astype(np.float32)
    rgb = np.full((120, 160, 3), 99, np.uint8)
    return Look(rgb, depth_m, is_object, inverse_se3(T_world_cam), CAMERA)


def volume():
    return Volume(np.array([-0.08, -0.08, -0.003]), (81, 81, 35), 0.002, 0.008)


def test_free_before_the_surface_inside_behind_and_unknown_beyond():
    seen = volume()
    seen.integrate(box_look((0.6, 0.0, 0.4)))
    x = int((0.08 + HALF_M) / 0.002)
    row = (slice(None), 40, 12)
    known, distance = seen.is_known[row], seen.distance[row]
    assert known[x + 4 : x + 15].all()
    assert (distance[x + 6 : x + 15] == 1).all()
    assert distance[x - 1] < 0 < distance[x + 1]
    assert not known[20:30].any()


def test_a_place_that_was_seen_through_once_is_no_longer_the_objects():
    """What a hand covers is no surface, and what a later frame looks through is free."""
    seen = volume()
    seen.integrate(box_look((0.6, 0.0, 0.4)))
    behind = (20, 40, 20)
    assert not seen.is_known[behind]
    seen.integrate(box_look((-0.6, 0.0, 0.4)))
    assert seen.distance[10, 40, 20] == 1


def test_one_view_of_the_top_is_closed_straight_down():
    seen = volume()
    seen.integrate(box_look((0.5, 0.3, 0.5)))
    closed = close(seen)
    np.testing.assert_allclose(closed.vertices.min(0), [-HALF_M, -HALF_M, 0], atol=0.005)
    np.testing.assert_allclose(closed.vertices.max(0), [HALF_M, HALF_M, TOP_M], atol=0.005)
    x, y, z = closed.vertices.T
    hidden = (x < -HALF_M + 0.003) & (y < 0.03) & (z < 0.03)
    assert hidden.sum() > 20
    assert not closed.is_seen[hidden].any()
    front = (x > HALF_M - 0.002) & (z > 0.01)
    assert closed.is_seen[front].mean() > 0.9
    assert 0.3 < closed.seen_share < 0.75


def test_nothing_seen_is_refused():
    with pytest.raises(BadInputError, match="no surface of it was measured often enough"):
        close(volume())


def test_a_cropped_look_projects_to_the_same_pixels():
    whole = box_look((0.6, 0.0, 0.4))
    part = whole.cropped()
    assert part.depth_m.size < 0.3 * whole.depth_m.size
    point = np.array([[0.04, 0.0, 0.03]]) @ whole.T_cam_object[:3, :3].T
    point = point + whole.T_cam_object[:3, 3]
    (u, v), (du, dv) = (np.rint(c.project(point)[0]).astype(int) for c in (CAMERA, part.camera))
    assert whole.depth_m[v, u] == part.depth_m[dv, du]
