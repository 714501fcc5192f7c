"""xsim_core/world/ground.py: where on the table a thing may stand."""

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.render.room import RoomSpec
from xsim_core.world import Ground

GROUND = Ground(
    path=np.array([[0.5, 0.0], [0.5, 0.1]]),
    camera=np.array([1.2, 0.0]),
    taken=np.array([[0.0, 0.0, 0.28], [0.4, -0.4, 0.1]]),
    low=np.array([-0.5, -0.8]),
    high=np.array([1.2, 0.8]),
)


@pytest.mark.parametrize(
    ("at", "is_free"),
    [
        ((0.35, 0.05), True),  # Behind the path.
        ((0.5, 0.3), True),  # Beside it.
        ((0.7, 0.05), False),  # Between path and camera.
        ((0.41, 0.05), False),  # Too near to the path.
        ((0.2, 0.0), False),  # On the robot's place.
        ((0.42, -0.3), False),  # On another thing.
        ((0.4, 0.85), False),  # Off the table.
    ],
)
def test_a_place_is_free_beside_and_behind_the_path(at, is_free):
    assert GROUND.is_free(at, 0.03, 0.1) is is_free


def test_what_stands_there_takes_its_place():
    assert not GROUND.with_taken((0.35, 0.05), 0.03).is_free((0.33, 0.05), 0.03, 0.1)
    assert len(GROUND.taken) == 2


def test_of_a_task_it_has_the_objects_centre_at_each_waypoint(tmp_path):
    assets, room = open_sim(tmp_path).assets, RoomSpec()
    ground = Ground.of(assets, room)
    assert len(ground.path) == 1 + len(assets.waypoints)
    centre = assets.waypoints[-1] @ [*assets.object_centre, 1]
    np.testing.assert_allclose(ground.path[-1], centre[:2])
    np.testing.assert_allclose(ground.camera, np.array(assets.T_world_cam)[:2, 3])
    assert len(ground.taken) == 1 + len(room.clutter)
