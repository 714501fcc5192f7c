"""xsim_core/capture/place/moving/file_world.py: whose up a file has."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xsim_core.capture.place.moving.file_world import UPRIGHT, file_world
from xsim_core.capture.place.support_plane import Plane
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, look_at, make_se3

T_UPRIGHT_CAM = look_at([0.9, 0.2, 0.7], [0.5, 0, 0])
PLANE = Plane(T_UPRIGHT_CAM[2, :3].copy(), 0.7, 1.0)
"""The table at height 0 of the upright frame."""


@pytest.mark.parametrize("axis", UPRIGHT)
def test_whatever_axis_is_up_becomes_z(axis):
    T_file_upright = inverse_se3(make_se3(UPRIGHT[axis], np.zeros(3)))
    T_world_file = file_world(T_file_upright @ T_UPRIGHT_CAM, PLANE, notes := [])
    np.testing.assert_allclose(T_world_file @ T_file_upright, np.eye(4), atol=1e-9)
    assert np.linalg.det(UPRIGHT[axis]) == pytest.approx(1)
    assert "the table is at +0.00 m" in notes[0]
    assert ("was made z" in notes[0]) == (axis != "z")


def test_a_table_far_from_the_origin_s_height_is_said():
    lifted = make_se3(np.eye(3), [0, 0, -0.4]) @ T_UPRIGHT_CAM
    file_world(lifted, PLANE, notes := [])
    assert "the table is at -0.40 m; no robot stands so beside it" in notes[0]


def test_a_frame_that_is_not_upright_is_refused():
    turn = make_se3(Rotation.from_euler("x", 35, degrees=True).as_matrix(), np.zeros(3))
    with pytest.raises(BadInputError, match="leans by 35° from the file's z, and by 35° or more"):
        file_world(turn @ T_UPRIGHT_CAM, PLANE, [])
    with pytest.raises(BadInputError, match="no plane is seen around the object"):
        file_world(T_UPRIGHT_CAM, None, [])
