"""``SimEnv``: one environment on the CPU, from files and numbers, without any renderer.

It builds the ManiSkill environment ``XSimObjectTrack-v1`` and then drives its PhysX scene
directly: the same bodies, drives and substeps, but observations and rewards in plain NumPy, which
is about twice as fast as ManiSkill's batched tensors of length one.
"""

import copy
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import se3_from_pos_quat, se3_to_pos_quat
from xsim_core.geometry.arrays import (
    SE3,
    Command,
    Joints,
    Observation,
    Positions,
    QuatsWxyz,
    QuatWxyz,
    StateVectors,
)

from .assets import SimAssets
from .controller import (
    FINGER_OPEN_M,
    FINGER_SQUEEZE_M,
    EndEffectorController,
    forward_kinematics,
    tcp_yaw,
)
from .moment import Moment
from .reward import Goals, Situation, WaypointReward, relative_quat
from .starts import DemonstrationStart, draw_start
from .state import EnvState
from .task import Physics, TaskSpec

GRASP_FORCE_N = 0.5
"""Both fingers press at least this hard (X-Sim 3.5)."""


@dataclass(frozen=True)
class StepResult:
    """What one control step led to."""

    obs: Observation
    """(o,) privileged observation."""
    reward: float
    terminated: bool
    """The object is at its goal now."""
    truncated: bool
    """The horizon is reached."""
    success: bool
    progress: float
    """Best so far in this episode: 1/3 approached, 2/3 contact or grasp, 1 success."""
    terms: dict[str, float] = field(default_factory=dict)
    """Weighted reward terms before ``reward_scale``."""


class SimEnv:
    """The task in one PhysX scene. Not thread-safe; several may live in one process."""

    def __init__(
        self, assets: SimAssets, task: TaskSpec, *, physics: Physics | None = None
    ) -> None:
        from .maniskill import XSimObjectTrackEnv, allow_physics_without_renderer

        allow_physics_without_renderer()
        self.assets, self.task, self.physics = assets, task, physics or task.physics
        self.maniskill = XSimObjectTrackEnv(
            assets=assets,
            task=task,
            physics=self.physics,
            num_envs=1,
            obs_mode="state",
            control_mode="pd_joint_pos",
            sim_backend="physx_cpu",
            render_backend="none",
        )
        self._bind()
        self._reward = WaypointReward(Goals.from_assets(assets, task), task)
        self._controller = _controller(assets, task)
        self._substeps = task.sim_freq_hz // task.control_freq_hz
        self._centre = np.array(assets.object_centre)
        self._pending: deque[NDArray[np.float64]] = deque()
        self._num_steps, self._progress = 0, 0.0
        self.reset(0)

    def _bind(self) -> None:
        env = self.maniskill
        self._px = env.scene.px
        self._robot = env.agent.robot._objs[0]
        self._joints = self._robot.get_active_joints()
        self._tcp_link = env.agent.tcp._objs[0]
        self._fingers = (env.agent.finger1_link._objs[0], env.agent.finger2_link._objs[0])
        self._object = env.tracked_object._objs[0]
        self._body: Any = env.tracked_object._bodies[0]

    @property
    def obs_dim(self) -> int:
        """Length of the observation."""
        return len(self._obs)

    @property
    def observation(self) -> Observation:
        """(o,) as it was last returned."""
        return self._obs

    @property
    def action_dim(self) -> int:
        """Length of the action."""
        return self.task.action_dim

    @property
    def is_success(self) -> bool:
        """Whether the object is at its goal now."""
        return self._success

    @property
    def progress(self) -> float:
        """Staged task progress of this episode, in [0, 1]."""
        return self._progress

    @property
    def waypoint_index(self) -> int:
        """The waypoint the object is on its way to."""
        return self._reward.index

    @property
    def T_world_object(self) -> SE3:
        """(4, 4)."""
        return se3_from_pos_quat(self._position, self._quat)

    def reset(
        self,
        seed: int,
        *,
        T_world_object: NDArray[np.floating] | None = None,
        qpos: Joints | None = None,
        on_path: DemonstrationStart | None = None,
    ) -> Observation:
        """Begin an episode; the seed decides what is not given.

        Args:
            seed: for the object's pose and the arm's joints.
            T_world_object: (4, 4) start pose of the object.
            qpos: (9,) joints of arm and fingers.
            on_path: a start on the demonstrated path, instead of all these.

        Returns:
            The observation (o,).
        """
        if on_path is not None:
            T_world_object, qpos = on_path.T_world_object, on_path.qpos
        position, quat, q = draw_start(self.assets, self.task.start, np.random.default_rng(seed))
        if T_world_object is not None:
            position, quat = se3_to_pos_quat(T_world_object)
        if qpos is not None:
            q = np.asarray(qpos, dtype=np.float64)
        self.set_state(q, position, quat)
        finger = 0.0 if self.task.gripper == "closed" else float(q[7])
        if on_path is not None and on_path.is_held:
            finger = FINGER_SQUEEZE_M
        self._controller.reset(q[:7].copy(), finger_m=finger)
        self._set_targets(q[:7], finger)
        self._pending.clear()
        self._pending.extend([np.zeros(self.action_dim)] * self.physics.action_latency_steps)
        self._reward.reset(on_path.waypoint_index if on_path is not None else 0)
        self._num_steps, self._progress = 0, 0.0
        self._start_centre = self._read().centre
        self._success = False
        self._obs = self._observe()
        return self._obs

    def set_state(
        self,
        qpos: Joints,
        position: Positions,
        quat_wxyz: QuatsWxyz,
    ) -> None:
        """Place robot (9,) and object at rest; episode counters are untouched."""
        import sapien

        self._robot.set_qpos(np.asarray(qpos, dtype=np.float32))
        self._robot.set_qvel(np.zeros(9, dtype=np.float32))
        self._robot.set_qacc(np.zeros(9, dtype=np.float32))
        self._object.set_pose(sapien.Pose(list(position), list(quat_wxyz)))
        self._body.set_linear_velocity(np.zeros(3, dtype=np.float32))
        self._body.set_angular_velocity(np.zeros(3, dtype=np.float32))

    def step(self, action: Command) -> StepResult:
        """Advance one control step with an action (a,) in [-1, 1]."""
        action = np.asarray(action, dtype=np.float64)
        if action.shape != (self.action_dim,) or math.isnan(action.sum()):
            raise BadInputError(
                f"task '{self.task.name}' takes actions {self.task.action_names} in [-1, 1] "
                f"without NaN, not {action}"
            )
        self._pending.append(np.clip(action, -1.0, 1.0))
        act = self._pending.popleft()
        q = self._controller.command(act, self._tcp, gain=self.physics.action_gain)
        self._set_targets(q, self._controller.finger_m)
        for _ in range(self._substeps):
            self._px.step()
        self._num_steps += 1
        now = self._read(self._situation.centre)
        terms = self._reward.step(now)
        self._success = self._reward.is_success(now)
        self._progress = max(self._progress, self._stage(now))
        self._obs = self._observe()
        return StepResult(
            obs=self._obs,
            reward=sum(terms.values()) * self.task.reward_scale,
            terminated=self._success,
            truncated=self._num_steps >= self.task.horizon,
            success=self._success,
            progress=self._progress,
            terms=terms,
        )

    def moment(self) -> Moment:
        """This moment of the episode, to ``resume`` from."""
        linear, angular = self._body.linear_velocity, self._body.angular_velocity
        return Moment(
            self._qpos.copy(),
            self._robot.get_qvel(),
            self.T_world_object,
            (np.array(linear), np.array(angular)),
            copy.deepcopy(self._controller),
            tuple(self._pending),
            self._reward.index,
            self._num_steps,
            self._progress,
        )

    def resume(self, moment: Moment) -> Observation:
        """Go on from a moment of this episode as if nothing had happened since.

        Returns:
            The observation (o,).
        """
        self.set_state(moment.qpos, *se3_to_pos_quat(moment.T_world_object))
        self._robot.set_qvel(moment.qvel)
        linear, angular = moment.velocities
        self._body.set_linear_velocity(linear)
        self._body.set_angular_velocity(angular)
        self._controller = copy.deepcopy(moment.controller)
        self._set_targets(self._controller.q_target, self._controller.finger_m)
        self._pending = deque(moment.pending)
        self._reward.reset(moment.waypoint_index)
        self._num_steps, self._progress = moment.num_steps, moment.progress
        return self._look()

    def correct(
        self, qpos: NDArray[np.float64], T_world_object: NDArray[np.floating] | None = None
    ) -> Observation:
        """Move arm and object to where they were measured; the episode and its motion go on.

        The command stays as far ahead of the arm as it was, and velocities stay. A waypoint that
        the object is at now is behind it.

        Args:
            qpos: (9,) measured joints of arm and fingers.
            T_world_object: (4, 4) measured pose of the object; None leaves it.

        Returns:
            The observation (o,).
        """
        self.resume(self.moment().moved_to(qpos, T_world_object))
        self._reward.advance(self._situation)
        self._obs = self._observe()
        return self._obs

    def _look(self) -> Observation:
        """Where everything is, outside a step."""
        now = self._read()
        self._success = self._reward.is_success(now)
        self._obs = self._observe()
        return self._obs

    def env_state(self) -> StateVectors:
        """(16,), which ``EnvState.unpack`` takes apart."""
        return EnvState(self._qpos, self._position, self._quat).pack()

    def proprio(self) -> NDArray[np.float32]:
        """(6,): TCP position (3) in metres, yaw sine and cosine, gripper opening in [0, 1]."""
        yaw = self._yaw()
        opening = float(self._qpos[7] + self._qpos[8]) / (2 * FINGER_OPEN_M)
        return np.array([*self._tcp, math.sin(yaw), math.cos(yaw), opening], dtype=np.float32)

    def _yaw(self) -> float:
        T, _ = forward_kinematics(self._qpos[:7])
        return tcp_yaw(T[:3, :3])

    def _set_targets(self, q_arm: NDArray[np.floating], finger_m: float) -> None:
        for joint, target in zip(self._joints, (*q_arm, finger_m, finger_m), strict=True):
            joint.set_drive_target(float(target))

    def _read(self, centre_before: NDArray[np.float64] | None = None) -> Situation:
        """Fetch what this step needs from PhysX, with the object's centre a control step ago."""
        self._qpos = self._robot.get_qpos().astype(np.float64)
        # SAPIEN's stubs give arrays shapes that no array has.
        pose: Any = self._object.pose
        self._position: NDArray[np.float64] = pose.p.astype(np.float64)
        self._quat: NDArray[np.float64] = pose.q.astype(np.float64)
        self._tcp = self._tcp_link.pose.p.astype(np.float64)
        velocity, qvel = self._body.linear_velocity, self._robot.get_qvel()[:7]
        centre = self._position + rotate(self._quat, self._centre)
        speed = math.sqrt(float(velocity @ velocity))
        if centre_before is not None and self.task.gripper == "controlled":
            # PhysX gives a body that is squeezed but at rest some 0.1 m/s.
            moved = centre - centre_before
            speed = min(speed, math.sqrt(float(moved @ moved)) / self.task.control_dt_s)
        self._situation = Situation(
            tcp=self._tcp,
            centre=centre,
            quat_wxyz=self._quat,
            object_speed_m_s=speed,
            arm_speed_rad_s=math.sqrt(float(qvel @ qvel)),
            is_grasped=self.task.must_grasp and self._is_grasped(),
        )
        return self._situation

    def _is_grasped(self) -> bool:
        """Both fingers press on the object."""
        impulse = {id(f): np.zeros(3) for f in self._fingers}
        names = {f.entity.name: id(f) for f in self._fingers}
        target = self._object.name
        for contact in self._px.get_contacts():
            a, b = contact.bodies[0].entity.name, contact.bodies[1].entity.name
            finger = names.get(b if a == target else a) if target in (a, b) else None
            if finger is not None:
                for point in contact.points:
                    impulse[finger] += point.impulse
        limit = GRASP_FORCE_N / self.task.sim_freq_hz
        return all(math.sqrt(float(i @ i)) >= limit for i in impulse.values())

    def _stage(self, now: Situation) -> float:
        if self._success:
            return 1.0
        moved = float(np.linalg.norm(now.centre - self._start_centre))
        touched = moved > self.task.contact_motion_m
        if now.is_grasped if self.task.must_grasp else touched:
            return 2 / 3
        near = float(np.linalg.norm(now.tcp - now.centre)) < self.task.approach_radius_m
        return 1 / 3 if near else 0.0

    def _observe(self) -> Observation:
        """Privileged state: TCP, object, the way to the current and to the last waypoint."""
        now, goals, k = self._situation, self._reward.goals, self._reward.index
        to_tcp = now.tcp - now.centre
        w, x, y, z = self._quat
        conjugate = (w, -x, -y, -z)
        parts = [
            now.tcp,
            self._controller.position - now.tcp,
            now.centre,
            self._quat if w >= 0 else -self._quat,
            to_tcp,
            rotate(conjugate, to_tcp),
            goals.centres[k] - now.centre,
            _rotation_vector(self._quat, goals.quats_wxyz[k]),
            goals.centres[-1] - now.centre,
            _rotation_vector(self._quat, goals.quats_wxyz[-1]),
            (k / len(goals.centres),),
        ]
        if self.task.gripper == "controlled":
            parts.append((*self.proprio()[3:], float(now.is_grasped)))
        return np.concatenate(parts).astype(np.float32)


def rotate(
    quat_wxyz: NDArray[np.float64] | tuple[float, ...], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A vector (3,) turned by a quaternion, in scalars."""
    w, x, y, z = (float(c) for c in quat_wxyz)
    a, b, c = (float(c) for c in v)
    tx, ty, tz = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return np.array(
        [
            a + w * tx + y * tz - z * ty,
            b + w * ty + z * tx - x * tz,
            c + w * tz + x * ty - y * tx,
        ]
    )


def _rotation_vector(quat_from: QuatWxyz, quat_to: QuatWxyz) -> tuple[float, float, float]:
    """2 sin(angle / 2) axis of the rotation that is missing, in the object frame; short way."""
    w, x, y, z = relative_quat(quat_from, quat_to)
    sign = 2.0 if w >= 0 else -2.0
    return sign * x, sign * y, sign * z


def _controller(assets: SimAssets, task: TaskSpec) -> EndEffectorController:
    return EndEffectorController(
        low=np.array(assets.workspace_low),
        high=np.array(assets.workspace_high),
        position_scale_m=task.action_position_m,
        yaw_scale_rad=task.action_yaw_rad,
        lead_m=task.tcp_lead_m,
        action_names=task.action_names,
    )
