"""``SimEnv``: one environment on the CPU, from files and numbers, without any renderer.

It builds the ManiSkill environment ``XSimObjectTrack-v1`` and then drives its PhysX scene
directly: the same bodies, drives and substeps, but observations and rewards in plain NumPy, which
is about twice as fast as ManiSkill's batched tensors of length one.
"""

import copy
import math
from collections import deque

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
    StateVectors,
)

from .assets import SimAssets
from .bodies import Bodies
from .controller import FINGER_SQUEEZE_M, EndEffectorController
from .encoders import Encoders
from .episode.moment import Moment
from .episode.starts import DemonstrationStart, draw_start
from .episode.state import EnvState
from .episode.step import StepResult, staged_progress
from .privileged import privileged_observation, proprioception, rotate
from .reward import Goals, Situation, WaypointReward
from .task import Physics, TaskSpec

GRASP_FORCE_N = 0.5
"""Both fingers press at least this hard (X-Sim 3.5)."""


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
        self._bodies = Bodies(self.maniskill)
        self._encoders = Encoders(self.physics.joint_offset_rad)
        self._reward = WaypointReward(Goals.from_assets(assets, task), task)
        self._controller = EndEffectorController.of_task(
            task, np.array(assets.workspace_low), np.array(assets.workspace_high)
        )
        self._substeps = task.sim_freq_hz // task.control_freq_hz
        self._centre = np.array(assets.object_centre)
        self._action_shape = (task.action_dim,)
        self._pending: deque[NDArray[np.float64]] = deque()
        self._num_steps, self._progress = 0, 0.0
        self.reset(0)

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
        self._controller.reset(self._encoders.joints(q)[:7].copy(), finger_m=finger)
        self._bodies.drive_to(q[:7], finger)
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
        self._bodies.place(qpos, position, quat_wxyz)

    def step(self, action: Command) -> StepResult:
        """Advance one control step with an action (a,) in [-1, 1]."""
        action = np.asarray(action, dtype=np.float64)
        if action.shape != self._action_shape or math.isnan(action.sum()):
            raise BadInputError(
                f"task '{self.task.name}' takes actions {self.task.action_names} in [-1, 1] "
                f"without NaN, not {action}"
            )
        self._pending.append(np.minimum(np.maximum(action, -1.0), 1.0))
        act = self._pending.popleft()
        tcp = self._encoders.tcp(self._qpos, self._tcp)
        q = self._controller.command(act, tcp, gain=self.physics.action_gain)
        self._bodies.drive_to(self._encoders.true_targets(q), self._controller.finger_m)
        self._bodies.step(self._substeps)
        self._num_steps += 1
        now = self._read(self._situation.centre)
        terms = self._reward.step(now)
        self._success = self._reward.is_success(now)
        stage = staged_progress(now, self._start_centre, self.task, is_success=self._success)
        self._progress = max(self._progress, stage)
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
        linear, angular = self._bodies.object_velocity()
        return Moment(
            self._qpos.copy(),
            self._bodies.qvel,
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
        self._bodies.move_on(moment.qvel, moment.velocities)
        self._controller = copy.deepcopy(moment.controller)
        targets = self._encoders.true_targets(self._controller.q_target)
        self._bodies.drive_to(targets, self._controller.finger_m)
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
        measured = self._encoders.joints(self._qpos)
        return proprioception(measured, self._encoders.tcp(self._qpos, self._tcp))

    def _read(self, centre_before: NDArray[np.float64] | None = None) -> Situation:
        """Fetch what this step needs from PhysX, with the object's centre a control step ago."""
        self._qpos, self._tcp = self._bodies.qpos, self._bodies.tcp
        self._position, self._quat = self._bodies.object_pose()
        velocity, qvel = self._bodies.object_velocity()[0], self._bodies.qvel[:7]
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
        return self._bodies.is_pressed_by_both(GRASP_FORCE_N / self.task.sim_freq_hz)

    def _observe(self) -> Observation:
        now, further = self._situation, ()
        if self.task.gripper == "controlled":
            further = (*self.proprio()[3:], float(now.is_grasped))
        goals, commanded = self._reward.goals, self._controller.position
        return privileged_observation(now, goals, self._reward.index, commanded, *further)
