"""MuJoCo's Panda: where its TCP is, what it does with targets, what it touches, what it shows."""

import numpy as np
import pytest

from tests.robots.scenes import GOAL, SIZE_M, START, TCP_START, scene
from xsim_core.errors import MissingDependencyError
from xsim_core.geometry import inverse_se3, make_se3, transform_points
from xsim_core.robots import TcpTarget
from xsim_core.sim.controller import JOINT_HIGH, JOINT_LOW, forward_kinematics

pytest.importorskip("mujoco")
from xsim_core.robots.mujoco_robot.arm import CYCLE_S, SimulatedArm
from xsim_core.robots.mujoco_robot.eye import Camera
from xsim_core.robots.mujoco_robot.model import build_model, display_lights
from xsim_core.robots.mujoco_robot.person import Person

SCENE = scene()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return build_model(SCENE, tmp_path_factory.mktemp("model"))


@pytest.fixture
def arm(model):
    arm = SimulatedArm(model)
    arm.reset(SCENE.errand.start_qpos, START)
    return arm


def go(arm, position, seconds, gripper_m=0.0):
    for _ in range(round(seconds / CYCLE_S)):
        arm.advance(TcpTarget(np.array(position, float), 0.0, gripper_m))


def push(arm, way_m, speed_m_s=0.1):
    for k in range(round(way_m / speed_m_s / CYCLE_S)):
        at = TCP_START + np.array([0, speed_m_s * CYCLE_S * (k + 1), 0])
        arm.advance(TcpTarget(at, 0.0, 0.0))


def test_its_tcp_is_where_the_policies_kinematics_have_it(arm):
    rng = np.random.default_rng(0)
    for q in rng.uniform(JOINT_LOW, JOINT_HIGH, (20, 7)):
        arm.reset(np.array([*q, 0.0, 0.0]), START)
        np.testing.assert_allclose(arm.T_world_tcp, forward_kinematics(q)[0], atol=1e-6)


def test_it_holds_itself_up_and_lets_the_object_lie(arm):
    q = arm.qpos
    for _ in range(100):
        arm.advance(None)
    np.testing.assert_allclose(arm.qpos, q, atol=1e-4)
    np.testing.assert_allclose(arm.T_world_object, START, atol=1e-3)
    assert arm.object_speed_m_s < 1e-3
    np.testing.assert_allclose(arm.force_n, 0, atol=0.1)


def test_it_goes_where_it_is_told_and_opens_its_hand(arm):
    goal = TCP_START + np.array([0.03, -0.04, 0.06])
    for k in range(100):
        arm.advance(TcpTarget(TCP_START + (goal - TCP_START) * (k + 1) / 100, 0.0, 0.06))
    go(arm, goal, 1.0, gripper_m=0.06)
    np.testing.assert_allclose(arm.T_world_tcp[:3, 3], goal, atol=1e-3)
    assert abs(arm.T_world_tcp[2, 2] + 1) < 1e-3
    assert arm.gripper_m == pytest.approx(0.06, abs=2e-3)


def test_it_pushes_the_object_and_a_table_pushes_back(arm):
    push(arm, 0.12)
    assert arm.T_world_object[1, 3] > START[1, 3] + 0.03
    assert arm.T_world_object[2, 3] == pytest.approx(SIZE_M[2] / 2, abs=2e-3)
    arm.reset(SCENE.errand.start_qpos, START)
    go(arm, TCP_START - [0, 0, 0.05], 1.0)
    assert arm.T_world_tcp[2, 3] > -0.005
    assert arm.force_n[2] > 10


def test_the_objects_mass_is_the_one_that_was_written(model):
    assert model.body("object").mass[0] == pytest.approx(500 * np.prod(SIZE_M), rel=1e-6)


def test_the_person_starts_by_seed_and_sees_when_it_is_done():
    errand = SCENE.errand
    wide = type(errand)(
        **(vars(errand) | {"object_xy_m": 0.02, "object_yaw_rad": 0.2, "joint_noise_rad": 0.01})
    )
    person = Person(wide, SCENE.thing)
    (q1, T1), (q2, T2), (q3, T3) = (person.start(seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(q1, q2)
    np.testing.assert_array_equal(T1, T2)
    assert not np.allclose(T1, T3)
    assert not np.allclose(q1, q3)
    assert np.abs((T1 - START)[:2, 3]).max() <= 0.02
    near = make_se3(np.eye(3), GOAL[:3, 3] + [0.0, 0.029, 0])
    for seen, speed, done in ((START, 0.0, False), (near, 0.1, False), (near, 0.01, True)):
        person.look(seen, speed)
        assert person.is_done is done
    person.look(START, 0.0)
    assert person.is_done  # It was.
    person.start(3)
    assert not person.is_done


def test_a_symmetric_object_may_be_turned_about_its_axis():
    fields = vars(SCENE.errand) | {"symmetric_axis": (0.0, 0.0, 1.0)}
    person = Person(type(SCENE.errand)(**fields), SCENE.thing)
    turned = make_se3(np.diag([-1.0, -1.0, 1.0]), GOAL[:3, 3])
    person.look(turned, 0.0)
    assert person.is_done
    strict = Person(SCENE.errand, SCENE.thing)
    strict.look(turned, 0.0)
    assert not strict.is_done


def test_a_level_surface_is_as_bright_as_in_the_other_lighting_model():
    room = SCENE.room
    ambient, (diffuse,) = display_lights(room)
    direction = np.array(room.lights[0][0])
    cosine = -direction[2] / np.linalg.norm(direction)
    radiance = np.array(room.ambient_rgb) + np.array(room.lights[0][1]) * cosine / np.pi
    np.testing.assert_allclose(ambient + diffuse * cosine, radiance ** (1 / 2.2), rtol=1e-9)


def test_its_camera_shows_the_object_where_it_is(model, arm):
    try:
        camera = Camera(model, SCENE.eye, seed=0)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    try:
        rgb, depth_m = camera.render(arm.data.qpos)
    finally:
        camera.close()
    eye = SCENE.eye
    top = START[:3, 3] + [0.0, 0.0, SIZE_M[2] / 2]
    seen = transform_points(inverse_se3(eye.T_world_cam), top[None])
    u, v = np.rint(eye.camera.project(seen)[0]).astype(int)
    red, green, blue = rgb[v, u].astype(int)
    assert red > 2 * max(green, blue)
    assert depth_m[v, u] == pytest.approx(seen[0, 2], abs=0.006)
    # Where the object begins and ends in the picture, to a pixel.
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2 * SIZE_M
    uv = eye.camera.project(
        transform_points(inverse_se3(eye.T_world_cam), transform_points(START, corners))
    )
    mask = (rgb[..., 0] > 60) & (rgb[..., 0].astype(int) > 1.8 * rgb[..., 1])
    vs, us = np.nonzero(mask)
    # Some of it is behind the hand: on the far side alone.
    assert abs(us.max() - uv[:, 0].max()) < 1.6
    assert abs(vs.max() - uv[:, 1].max()) < 1.6
