"""What several viewpoints say of each other, and how the table goes on."""

import numpy as np

from xsim_core.geometry import look_at, transform_points
from xsim_core.scan.unseen import seen_through, table_around

from .films import CAMERA, block, rays, room

HERE, THERE = look_at((-0.25, 0.1, 0.6), (0.5, 0, 0)), look_at((-0.2, -0.3, 0.7), (0.5, 0, 0))


def test_what_another_view_looked_through_is_not_of_the_room():
    """A camera that was moved: from its second place the object was never seen to leave."""
    thing_m, room_m = block(THERE, np.array([0.5, 0.05, 0.03])), room(THERE)[1]
    seen_m = np.minimum(thing_m, room_m)
    points = transform_points(THERE, CAMERA.unproject(seen_m))
    empty = seen_through(points, [(CAMERA, HERE, room(HERE)[1].astype(np.float32))])
    stands = thing_m < room_m - 0.04
    assert stands.sum() > 30
    assert empty[stands].mean() > 0.9
    # Nothing of the room itself, neither table nor wall.
    assert not empty[thing_m == np.inf].any()


def test_what_was_not_measured_is_not_empty():
    points = np.full((4, 5, 3), np.nan)
    assert not seen_through(points, [(CAMERA, HERE, room(HERE)[1])]).any()


def test_a_leaning_table_is_found_beside_what_stands_on_it():
    slope, height = np.array([0.03, -0.02]), 0.012
    ray, eye = rays(HERE), HERE[:3, 3]
    depth_m = (eye[2] - eye[:2] @ slope - height) / (ray[..., :2] @ slope - ray[..., 2])
    points = eye + depth_m[..., None] * ray
    points[34:42, 38:55, 2] += 0.05
    points[31:38, 56:64, 2] += 0.04  # Something else, beside the box.
    points += np.random.default_rng(0).normal(0, 0.001, points.shape)
    table = table_around(points, np.ones(depth_m.shape, bool), (38, 34, 54, 41))
    assert table is not None
    np.testing.assert_allclose(table.slope, slope, atol=0.003)
    assert abs(table.height_m - height) < 0.002
    np.testing.assert_allclose(table.depth_along(ray, eye), depth_m, rtol=0.01)


def test_no_table_is_made_of_too_little():
    assert table_around(np.zeros((72, 96, 3)), np.zeros((72, 96), bool), (38, 34, 54, 41)) is None
