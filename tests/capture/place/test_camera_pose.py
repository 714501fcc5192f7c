import numpy as np
import pytest

from tests.capture.place.films import film
from tests.tracking.scenes import T_WORLD_CAM
from xsim_core.capture.place.camera_pose import camera_in_world
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.capture.place.support_plane import support_plane
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, look_at, make_se3, so3_exp, transform_points


@pytest.fixture(scope="module")
def plane():
    made = film()
    return support_plane(made.depth_mm[0] / 1000, made.camera, made.box)


def placed(matrix, plane, object_world=(0.5, -0.1, 0.02), **said):
    notes = []
    spec = CameraSpec(matrix=tuple(map(tuple, np.asarray(matrix).tolist())), **said)
    object_cam = transform_points(inverse_se3(T_WORLD_CAM), np.array([object_world]))[0]
    return camera_in_world(spec, None, plane, object_cam, notes), notes


def test_the_right_matrix_is_taken_as_it_is(plane):
    found, notes = placed(T_WORLD_CAM, plane)
    np.testing.assert_allclose(found, T_WORLD_CAM, atol=1e-12)
    assert len(notes) == 1
    assert "puts the object at x 0.50, y -0.10, z 0.02 m from the robot's base" in notes[0]


LINK = make_se3(np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]]), np.zeros(3))
WRONG = {
    "inverse": (inverse_se3(T_WORLD_CAM), "It fits inverted .`maps: base_to_camera`"),
    "opengl": (T_WORLD_CAM @ np.diag([1, -1, -1, 1]), "axes as `axes: opengl`"),
    "ros link": (T_WORLD_CAM @ LINK, "axes as `axes: ros_link`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_another_direction_or_other_axes_are_recognised(case, plane):
    matrix, message = WRONG[case]
    with pytest.raises(BadInputError, match=message):
        placed(matrix, plane)


SAID = {
    "inverse": {"maps": "base_to_camera"}, "opengl": {"axes": "opengl"},
    "ros link": {"axes": "ros_link"},
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_what_is_stated_is_undone(case, plane):
    found, _ = placed(WRONG[case][0], plane, **SAID[case])
    np.testing.assert_allclose(found, T_WORLD_CAM, atol=1e-12)


def test_below_the_table_is_said_so(plane):
    upside = make_se3(so3_exp([np.pi, 0, 0]), np.zeros(3)) @ T_WORLD_CAM
    with pytest.raises(BadInputError, match="puts the camera below the table"):
        placed(upside, plane)


def test_a_wrong_direction_is_never_taken_in_silence(plane):
    """Cameras all round the table; those that look along y are turned as their own inverse."""
    rng, refused = np.random.default_rng(0), 0
    for _ in range(100):
        eye = [*rng.uniform(-0.3, 1.3, 2), rng.uniform(0.4, 1.2)]
        T = look_at(eye, [rng.uniform(0.3, 0.7), rng.uniform(-0.3, 0.3), 0.0])
        seen = type(plane)(T[:3, :3].T @ [0, 0, 1], T[2, 3], 0.9)
        placed(T, seen)
        try:
            assert any("maps: base_to_camera" in n for n in placed(inverse_se3(T), seen)[1])
        except BadInputError as error:
            refused += 1
            assert "maps: base_to_camera" in str(error)  # noqa: PT017 every one is looked at
    assert refused >= 90


def test_a_direction_that_is_stated_is_not_doubted(plane):
    T = look_at([0.5, 1.2, 0.8], [0.5, 0.0, 0.0])
    seen = type(plane)(T[:3, :3].T @ [0, 0, 1], T[2, 3], 0.9)
    with pytest.raises(BadInputError, match=r"puts the table \+0\.64 m .* inverted"):
        placed(inverse_se3(T), seen)
    assert len(placed(inverse_se3(T), seen, maps="camera_to_base")[1]) == 1


def test_doubts_are_said(plane):
    leaning = make_se3(so3_exp([np.deg2rad(5), 0, 0]), np.zeros(3)) @ T_WORLD_CAM
    assert any("leans by" in note for note in placed(leaning, plane)[1])
    far = make_se3(np.eye(3), [2.5, 0, 0]) @ T_WORLD_CAM
    assert any("out of reach" in note for note in placed(far, plane)[1])
    assert any("unchecked" in note for note in placed(T_WORLD_CAM, None)[1])
