import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xsim_core.capture.place.rigid import stated_pose, turned
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, so3_exp

T = make_se3(so3_exp([2.0, 0.3, -0.2]), [0.4, -0.2, 0.9])
numbers = st.lists(st.floats(-3, 3), min_size=6, max_size=6)


def pose(values, **said):
    notes = []
    return stated_pose(np.array(values), CameraSpec(matrix="cam.npy", **said), "cam", notes), notes


def in_mm(T):
    return np.array([1, 1, 1, 1000]) * T[:3]


@settings(max_examples=60, deadline=None)
@given(numbers)
def test_rows_columns_and_lengths_come_to_the_same(values):
    T = make_se3(so3_exp(values[:3]), [*values[3:5], 0.5 + abs(values[5])])
    # A rotation that is its own transpose cannot be told from it; nothing depends on that here.
    for form in (T, T[:3], T.ravel(), T.T, T.T.ravel()):
        np.testing.assert_allclose(pose(form)[0], T, atol=1e-9)
    if np.linalg.norm(T[:3, 3]) > 0.5:
        found, notes = pose(in_mm(T))
        np.testing.assert_allclose(found, T, atol=1e-9)
        assert "taken as millimetres" in notes[0]


def test_what_was_turned_is_said():
    assert "column by column" in pose(T.T)[1][0]
    assert pose(T)[1] == []
    assert "column by column" in pose(T[:3].T.ravel())[1][0]


def test_a_stated_unit_is_taken():
    np.testing.assert_allclose(pose(in_mm(T), unit="mm")[0], T, atol=1e-12)
    with pytest.raises(BadInputError, match="puts the camera"):
        pose(np.array([1, 1, 1, 100_000]) * T[:3], unit="mm")


BAD = {
    "mirror": (np.diag([1, 1, -1, 1]) @ T, r"mirrors \(determinant -1\)"),
    "scale": (T @ np.diag([1.5, 1.5, 1.5, 1]), "a scale of 1.5"),
    "sheared": (T + np.eye(4)[[1, 2, 3, 0]] * 0.1 * (np.arange(4) < 3)[:, None], "no rotation"),
    "flat": (np.diag([1.0, 1, 0, 1]) @ T, "no rotation"),
    "nothing moved": (make_se3(T[:3, :3], np.zeros(3)), "no translation"),
    "last row": (np.vstack([T[:3], [0, 0, 0, 2]]), "last row is"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_pose(case):
    values, message = BAD[case]
    with pytest.raises(BadInputError, match=message):
        pose(values)


def test_a_length_that_could_be_two_units_is_refused():
    with pytest.raises(BadInputError, match="millimetres or centimetres"):
        pose(np.array([1, 1, 1, 100]) * T[:3])


def test_rounded_numbers_are_made_rigid():
    found, notes = pose(T.round(3))
    np.testing.assert_allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-12)
    assert notes == []
    assert "the nearest one is taken" in pose(T.round(2))[1][0]


def test_directions_and_axes():
    np.testing.assert_allclose(turned(inverse_se3(T), "base_to_camera", "opencv"), T, atol=1e-12)
    T_world_cam_gl = T @ np.diag([1, -1, -1, 1])
    np.testing.assert_allclose(turned(T_world_cam_gl, "camera_to_base", "opengl"), T, atol=1e-12)
    # camera_link looks along x with y to the left and z up.
    link = turned(np.eye(4), "camera_to_base", "ros_link")
    np.testing.assert_array_equal(link[:3, :3] @ [0, 0, 1], [1, 0, 0])
    np.testing.assert_array_equal(link[:3, :3] @ [1, 0, 0], [0, -1, 0])
    np.testing.assert_array_equal(link[:3, :3] @ [0, 1, 0], [0, 0, -1])
