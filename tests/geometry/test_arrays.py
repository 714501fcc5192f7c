"""Shapes are checked in tests, and cost nothing elsewhere."""

import subprocess
import sys

import jaxtyping
import numpy as np
import pytest

from tests.checking import shapes_checked
from xsim_core.geometry import PinholeCamera, arrays, se3
from xsim_core.policies.chunks import Episodes
from xsim_core.sim import reward
from xsim_core.sim.reward import Goals, relative_quat
from xsim_core.tracking.terms import point_jacobian


def test_a_wrong_shape_is_refused_where_it_is_made():
    with pytest.raises(jaxtyping.TypeCheckError, match="omega"):
        se3._hat(np.zeros((5, 4)))


@pytest.mark.parametrize("K", [np.eye(4), np.eye(3, dtype=np.float32), np.eye(3).tolist()])
def test_intrinsics_of_another_shape_or_type_are_refused(K):
    with pytest.raises(jaxtyping.TypeCheckError, match="K"):
        PinholeCamera(64, 48, K)


def test_lengths_agree_within_one_call():
    points, directions = np.zeros((5, 3)), np.zeros((4, 3))
    with pytest.raises(jaxtyping.TypeCheckError, match="points_cam"):
        point_jacobian(directions, points, np.zeros(3))


def test_rows_of_one_dataclass_agree():
    rgb, state = np.zeros((3, 8, 8, 3), np.uint8), np.zeros((3, 2), np.float32)
    with pytest.raises(jaxtyping.TypeCheckError, match="action"):
        Episodes(rgb, state, np.zeros((2, 2), np.float32), np.array([3]))


def test_shapes_are_those_of_the_names():
    assert isinstance(np.zeros((2, 4, 4)), arrays.SE3)
    assert not isinstance(np.zeros((4, 3)), arrays.SE3)
    assert not isinstance(np.zeros((4, 4), np.float32), arrays.SE3)


def test_nobody_else_pays_for_the_check():
    look = (
        "import sys, xsim_core.geometry.camera; print({'jaxtyping', 'beartype'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


wrong = shapes_checked(reward)


def test_modules_of_the_hot_loops_are_checked_in_their_own_tests():
    """Here by the fixture above; in other files of tests the same call costs nothing."""
    with pytest.raises(jaxtyping.TypeCheckError, match="quats_wxyz"):
        Goals(np.zeros((3, 3)), np.zeros((2, 4)), np.ones(3), np.ones(3))
    with pytest.raises(jaxtyping.TypeCheckError, match="quat_b"):
        relative_quat(np.zeros(4), np.zeros(3))
