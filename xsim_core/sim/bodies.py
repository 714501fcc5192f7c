"""Arm, fingers and object in ManiSkill's PhysX scene, without its batched tensors."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry.arrays import Joints, Positions, QuatsWxyz


class Bodies:
    """What there is in the scene, read, moved and driven."""

    def __init__(self, maniskill: Any) -> None:
        """Of an ``XSimObjectTrackEnv``, whose module is imported only where one is made."""
        self._px = maniskill.scene.px
        self._robot = maniskill.agent.robot._objs[0]
        self._joints = self._robot.get_active_joints()
        self._tcp_link = maniskill.agent.tcp._objs[0]
        self._fingers = (
            maniskill.agent.finger1_link._objs[0],
            maniskill.agent.finger2_link._objs[0],
        )
        self._object = maniskill.tracked_object._objs[0]
        self._body: Any = maniskill.tracked_object._bodies[0]

    @property
    def qpos(self) -> NDArray[np.float64]:
        """(9,) joints of arm and fingers."""
        return self._robot.get_qpos().astype(np.float64)

    @property
    def qvel(self) -> NDArray[np.float32]:
        """(9,) a second."""
        return self._robot.get_qvel()

    @property
    def tcp(self) -> NDArray[np.float64]:
        """(3,) world, metres."""
        return self._tcp_link.pose.p.astype(np.float64)

    def object_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Position (3,) and quaternion (4,) wxyz of the object's frame in the world."""
        # SAPIEN's stubs give arrays shapes that no array has.
        pose: Any = self._object.pose
        return pose.p.astype(np.float64), pose.q.astype(np.float64)

    def object_velocity(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Linear (3,) in m/s and angular (3,) in rad/s."""
        return self._body.linear_velocity, self._body.angular_velocity

    def place(self, qpos: Joints, position: Positions, quat_wxyz: QuatsWxyz) -> None:
        """Put arm (9,) and object where they are to be, at rest."""
        import sapien

        self._robot.set_qpos(np.asarray(qpos, dtype=np.float32))
        self._robot.set_qvel(np.zeros(9, dtype=np.float32))
        self._robot.set_qacc(np.zeros(9, dtype=np.float32))
        self._object.set_pose(sapien.Pose(list(position), list(quat_wxyz)))
        self._body.set_linear_velocity(np.zeros(3, dtype=np.float32))
        self._body.set_angular_velocity(np.zeros(3, dtype=np.float32))

    def move_on(
        self, qvel: NDArray[np.floating], velocity: tuple[NDArray[Any], NDArray[Any]]
    ) -> None:
        """Give the joints (9,) and the object, linear (3,) and angular (3,), their velocities."""
        self._robot.set_qvel(qvel)
        linear, angular = velocity
        self._body.set_linear_velocity(linear)
        self._body.set_angular_velocity(angular)

    def drive_to(self, q_arm: NDArray[np.floating], finger_m: float) -> None:
        """Targets of the arm's drives (7,) and of both fingers'."""
        for joint, target in zip(self._joints, (*q_arm, finger_m, finger_m), strict=True):
            joint.set_drive_target(float(target))

    def step(self, num_substeps: int) -> None:
        """Let the physics go on."""
        for _ in range(num_substeps):
            self._px.step()

    def is_pressed_by_both(self, limit: float) -> bool:
        """Whether each finger gave the object an impulse of ``limit`` (N s) or more."""
        impulse = {id(f): np.zeros(3) for f in self._fingers}
        names = {f.entity.name: id(f) for f in self._fingers}
        target = self._object.name
        for contact in self._px.get_contacts():
            a, b = contact.bodies[0].entity.name, contact.bodies[1].entity.name
            finger = names.get(b if a == target else a) if target in (a, b) else None
            if finger is not None:
                for point in contact.points:
                    impulse[finger] += point.impulse
        return all(math.sqrt(float(i @ i)) >= limit for i in impulse.values())
