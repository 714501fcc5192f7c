"""A small scene for a robot of MuJoCo: a block on a table, a lamp, a camera that looks at it."""

import contextlib

import numpy as np
import trimesh

from tests.serving.serving import listening
from xsim_core.errors import MissingDependencyError
from xsim_core.exporters.rigid_body import RigidBody
from xsim_core.files.cache import cache_folder
from xsim_core.geometry import PinholeCamera, TexturedMesh, look_at, make_se3
from xsim_core.render.panda import low_poly_panda
from xsim_core.render.shapes import textured_box, textured_quad
from xsim_core.robots import SafetyLimits
from xsim_core.robots.mujoco_robot.scene import Errand, Eye, Room, Scene, Thing
from xsim_core.robots.rollout import Setup
from xsim_core.robots.sight import PolicySight
from xsim_core.robots.wire.server import RobotServer
from xsim_core.sim.controller import inverse_kinematics
from xsim_core.sim.task import TaskSpec

KEY = "k" * 24
SIZE_M = (0.10, 0.06, 0.05)
START = make_se3(np.eye(3), [0.5, -0.10, 0.025])
GOAL = make_se3(np.eye(3), [0.5, 0.02, 0.025])
TCP_START = np.array([0.5, -0.19, 0.03])
WORKSPACE = np.array([[0.35, -0.35, 0.018], [0.65, 0.2, 0.10]])
LIMITS = SafetyLimits(
    box_low=tuple(WORKSPACE[0]), box_high=tuple(WORKSPACE[1]), stale_s=2.0, late_s=2.0
)


def scene():
    box = trimesh.creation.box(SIZE_M)
    paint = np.full((8, 8, 3), (200, 40, 40), np.uint8)
    mesh: TexturedMesh = textured_box(SIZE_M, paint)
    floor = textured_quad(2.0, 2.0, np.full((8, 8, 3), 120, np.uint8))
    eye = look_at(np.array([1.0, 0.3, 0.6]), np.array([0.45, -0.05, 0.0]))
    q = inverse_kinematics(TCP_START, 0.0)
    return Scene(
        urdf=low_poly_panda(cache_folder()),
        thing=Thing(
            mesh=mesh,
            pieces=((np.array(box.vertices), np.array(box.faces)),),
            body=RigidBody.of_pieces([box], density_kg_m3=500.0),
            T_world_start=START,
            centre=np.zeros(3),
        ),
        room=Room(
            parts={"floor": (floor, make_se3(np.eye(3), [0.5, 0, 0]))},
            obstacles=(),
            table_height_m=0.0,
            ambient_rgb=(0.4, 0.4, 0.4),
            lights=(((0.3, 0.5, -1.0), (1.3, 1.3, 1.2)),),
        ),
        eye=Eye(
            camera=PinholeCamera(160, 120, np.array([[150.0, 0, 79.5], [0, 150, 59.5], [0, 0, 1]])),
            T_world_cam=eye,
            T_world_cam_told=eye,
            noise_std=1.0,
            depth_noise_m=0.001,
        ),
        errand=Errand(
            object_xy_m=0.0,
            object_yaw_rad=0.0,
            joint_noise_rad=0.0,
            start_qpos=np.array([*q, 0.0, 0.0]),
            T_world_goal=GOAL,
            position_m=0.03,
            rotation_rad=0.35,
            speed_m_s=0.05,
            symmetric_axis=None,
        ),
        friction=0.3,
    )


@contextlib.contextmanager
def served(robot):
    """The URL of a robot on the wire, while it listens."""
    with listening(lambda: RobotServer(robot, KEY).listening("127.0.0.1", 0)) as port:
        yield f"ws://127.0.0.1:{port}"


@contextlib.contextmanager
def on_the_wire(folder):
    """The URL of a robot that lives while the block does; skipped where MuJoCo cannot draw."""
    import pytest

    from xsim_core.robots.mujoco_robot.eye import Camera
    from xsim_core.robots.mujoco_robot.robot import MujocoRobot

    robot = MujocoRobot(scene(), folder)
    try:
        Camera(robot._model, robot.scene.eye, seed=0).close()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    robot.start()
    with served(robot) as url:
        yield url
    robot.close()


def push_setup(driver, info, person):
    """What a policy that pushes the block acts with, on a robot that was connected."""
    view = PinholeCamera(96, 72, np.array([[90.0, 0, 47.5], [0, 90, 35.5], [0, 0, 1]]))
    return Setup(
        driver=driver,
        info=info,
        person=person,
        # By the wall clock: a machine that does other things, too, needs longer than the push.
        task=TaskSpec(name="push", horizon=200, action_position_m=0.015),
        sight=PolicySight(info.camera, view),
        limits=LIMITS,
        workspace=WORKSPACE,
        num_action_steps=4,
        header={"policy": "a push"},
    )
