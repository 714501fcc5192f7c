"""``XSimObjectTrack-v1``: a ManiSkill environment built from SimAssets and a TaskSpec.

Imported only where a simulator is wanted. All of a batch stays on ``self.device``. ``SimEnv``
drives the same scene on the CPU without ManiSkill's per-step tensor work.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import sapien
import torch
from gymnasium.vector.utils import batch_space
from mani_skill.envs.sapien_env import BaseEnv
from mani_skill.sensors.camera import CameraConfig
from mani_skill.utils import sapien_utils
from mani_skill.utils.registration import register_env
from mani_skill.utils.structs import Pose
from mani_skill.utils.structs.types import SceneConfig, SimConfig
from sapien.physx import PhysxMaterial

from xsim_core.errors import BadInputError
from xsim_core.geometry import se3_to_pos_quat
from xsim_core.sim.assets import TABLE_HALF_M, TABLE_XY_M, SimAssets
from xsim_core.sim.controller import FINGER_OPEN_M, FINGER_SQUEEZE_M
from xsim_core.sim.episode.starts import StartStreams, seeds_of_all
from xsim_core.sim.reward import Goals
from xsim_core.sim.task import Physics, TaskSpec

from . import batch_reward as rewards
from .batch_controller import TASK_ACTIONS, BatchController, check_task_actions
from .physx_gpu import check_backend

ENV_ID = "XSimObjectTrack-v1"
_EYE_FROM_OBJECT = np.array([0.65, 0.35, 0.60])
"""Where the default cameras are, seen from the object's start: in front of the robot, above."""


@register_env(ENV_ID, override=True)
class XSimObjectTrackEnv(BaseEnv):
    """A Panda, a table, obstacles of the scene and the tracked object.

    Args:
        assets: meshes, pieces and waypoints; or its fields, as plain values.
        task: what counts, and how the arm is driven; or its fields.
        physics: instead of the task's.
        kwargs: ManiSkill's, such as ``num_envs``, ``obs_mode`` and ``control_mode``, which may also
            be ``xsim_task``: actions as ``TaskSpec.action_names`` says. An episode has no end of
            its own but success: give ``gym.make`` ``max_episode_steps=task.horizon``.

    Raises:
        MissingDependencyError: when it is to be simulated on a GPU that is not there.
    """

    SUPPORTED_ROBOTS = ["panda"]  # noqa: RUF012 - ManiSkill declares it without ClassVar

    def __init__(
        self,
        *args: Any,
        assets: SimAssets | Mapping[str, Any],
        task: TaskSpec | Mapping[str, Any],
        physics: Physics | None = None,
        **kwargs: Any,
    ) -> None:
        check_backend(kwargs.get("sim_backend", "auto"), kwargs.get("num_envs", 1))
        self.assets = SimAssets.model_validate(assets)
        self.task = TaskSpec.model_validate(task)
        self.physics = physics or self.task.physics
        self._starts = StartStreams(self.assets, self.task.start)
        self._must_seed = True
        self._centre_before: torch.Tensor | None = None
        kwargs.setdefault("robot_uids", "panda")
        self._arms: BatchController | None = None
        self._has_task_actions = kwargs.get("control_mode") == TASK_ACTIONS
        if self._has_task_actions:
            check_task_actions(self.physics)
            kwargs["control_mode"] = "pd_joint_pos"
        super().__init__(*args, **kwargs)
        if self._has_task_actions:
            one = gymnasium.spaces.Box(-1.0, 1.0, (self.task.action_dim,), np.float32)
            self.single_action_space = self._orig_single_action_space = one
            many = self.num_envs > 1
            self.action_space = batch_space(one, self.num_envs) if many else one

    @property
    def _default_sim_config(self) -> SimConfig:
        return SimConfig(
            sim_freq=self.task.sim_freq_hz,
            control_freq=self.task.control_freq_hz,
            scene_config=SceneConfig(solver_position_iterations=8),
        )

    @property
    def _default_sensor_configs(self) -> list[CameraConfig]:
        return [CameraConfig("base_camera", self._view(), 128, 128, fov=0.8, near=0.01, far=10)]

    @property
    def _default_human_render_camera_configs(self) -> CameraConfig:
        return CameraConfig("render_camera", self._view(), 512, 512, fov=0.8, near=0.01, far=10)

    def _view(self) -> Any:
        target = self.assets.start[:3, 3]
        return sapien_utils.look_at((target + _EYE_FROM_OBJECT).tolist(), target.tolist())

    def _load_agent(
        self,
        options: dict[str, Any],
        initial_agent_poses: sapien.Pose | Pose | None = None,
        build_separate: bool = False,  # noqa: FBT001, FBT002 - ManiSkill's signature
    ) -> None:
        # Without a pose ManiSkill warns that it may build the robot inside something.
        pose = sapien.Pose() if initial_agent_poses is None else initial_agent_poses
        super()._load_agent(options, pose, build_separate)

    def _load_scene(self, options: dict[str, Any]) -> None:
        friction = self.physics.friction
        material = PhysxMaterial(friction, friction, 0.0)
        self.table = self._build_table(material)
        if self.assets.scene_objs:
            builder = self.scene.create_actor_builder()
            for path in self.assets.scene_objs:
                builder.add_convex_collision_from_file(str(path), material=material)
            builder.initial_pose = sapien.Pose()
            _check_shapes(builder.build_kinematic("scene"), len(self.assets.scene_objs))
        builder = self.scene.create_actor_builder()
        for path in self.assets.collision_objs:
            builder.add_convex_collision_from_file(
                str(path), material=material, density=self.physics.density_kg_m3
            )
        builder.add_visual_from_file(str(self.assets.visual_glb))
        position, quat = se3_to_pos_quat(self.assets.start)
        builder.initial_pose = sapien.Pose(position.tolist(), quat.tolist())
        self.tracked_object = builder.build_dynamic("object")
        _check_shapes(self.tracked_object, len(self.assets.collision_objs))
        self.waypoint_index = torch.zeros(self.num_envs, dtype=torch.int64, device=self.device)
        self._goals = rewards.BatchGoals.on(self.device, Goals.from_assets(self.assets, self.task))
        self._object_centre = torch.tensor(self.assets.object_centre, device=self.device).float()
        if self._has_task_actions:
            self._arms = BatchController.of(
                self.assets, self.task, self.num_envs, self.device, torch.float32
            )

    def _build_table(self, material: PhysxMaterial) -> Any:
        # As a list of numbers: SAPIEN's stubs take no tuple.
        half, builder = np.array(TABLE_HALF_M).tolist(), self.scene.create_actor_builder()
        builder.add_box_collision(half_size=half, material=material)
        if self.scene.can_render():
            wood = sapien.render.RenderMaterial(base_color=[0.55, 0.43, 0.32, 1.0], roughness=0.8)
            builder.add_box_visual(half_size=half, material=wood)
        builder.initial_pose = sapien.Pose([*TABLE_XY_M, self.assets.table_height_m - half[2]])
        return builder.build_kinematic("table")

    def reset(
        self, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes; with a seed the same ones as ``SimEnv.reset`` draws.

        Args:
            seed: of all environments, or a list of theirs; with ``options["env_idx"]`` those of
                these. None goes on with each environment's own stream.
            options: ManiSkill's.
        """
        env_idx = (options or {}).get("env_idx")
        if isinstance(seed, list) and env_idx is not None and len(seed) < self.num_envs:
            # ManiSkill takes a list for all environments, whichever are reset.
            seed = seeds_of_all(seed, env_idx.tolist(), np.asarray(self._episode_seed).tolist())
        if isinstance(seed, int):  # gymnasium's own generator, which its checker looks at.
            gymnasium.Env.reset(self, seed=seed)
        self._must_seed = seed is not None or self._enhanced_determinism
        return super().reset(seed=seed, options=options)

    def _initialize_episode(self, env_idx: torch.Tensor, options: dict[str, Any]) -> None:
        indices = env_idx.tolist()
        begun = [i for i in indices if self._must_seed or not self._starts.has(i)]
        self._starts.seed(begun, [int(s) for s in np.asarray(self._episode_seed)[begun]])
        start = self._starts.draw(indices)
        p, q, qpos = (torch.from_numpy(part).float().to(self.device) for part in start)
        self.tracked_object.set_pose(Pose.create_from_pq(p, q))
        self.agent.reset(qpos)
        if self._arms is not None:
            self._arms.reset(env_idx, qpos)
        self.waypoint_index[env_idx] = 0
        if self._centre_before is not None:
            self._centre_before[env_idx] = p + rewards.rotate(q, self._object_centre)

    def _step_action(self, action: Any) -> Any:
        if self._arms is None or action is None:
            return super()._step_action(action)
        given = torch.as_tensor(action, device=self.device, dtype=torch.float32)
        given = given.reshape(self.num_envs, self.task.action_dim).clamp(-1.0, 1.0)
        gain = self.physics.action_gain
        targets = self._arms.command(given, self.agent.tcp_pos, gain=gain)
        # ManiSkill's gripper takes [-1, 1] for the same range.
        span = FINGER_OPEN_M - FINGER_SQUEEZE_M
        opened = 2.0 * (targets[:, 7:8] - FINGER_SQUEEZE_M) / span - 1.0
        super()._step_action(torch.cat([targets[:, :7], opened], dim=-1))
        return given

    def _before_control_step(self) -> None:
        super()._before_control_step()
        self._centre_before = self._centre()

    def _centre(self) -> torch.Tensor:
        """(n, 3) of the objects' centres, world, metres."""
        pose = self.tracked_object.pose
        return pose.p + rewards.rotate(pose.q, self._object_centre)

    def _situation(self) -> rewards.BatchSituation:
        centre, speed = self._centre(), self.tracked_object.linear_velocity.norm(dim=-1)
        if self._centre_before is not None and self.task.gripper == "controlled":
            # PhysX gives a body that is squeezed but at rest some 0.1 m/s.
            moved = (centre - self._centre_before).norm(dim=-1)
            speed = torch.minimum(speed, moved / self.task.control_dt_s)
        held = torch.zeros_like(speed, dtype=torch.bool)
        return rewards.BatchSituation(
            tcp=self.agent.tcp_pos,
            centre=centre,
            quat_wxyz=self.tracked_object.pose.q,
            object_speed=speed,
            arm_speed=self.agent.robot.get_qvel()[:, :7].norm(dim=-1),
            is_grasped=self.agent.is_grasping(self.tracked_object)
            if self.task.must_grasp
            else held,
        )

    def evaluate(self) -> dict[str, Any]:
        """Success and waypoint index; advances the index of those that reached theirs."""
        now, task = self._situation(), self.task
        errors = rewards.goal_errors(now, self._goals, task.symmetric_axis)
        self.waypoint_index = rewards.advance(self.waypoint_index, errors, task)
        self._terms = rewards.reward_terms(now, self.waypoint_index, errors, self._goals, task)
        return {
            "success": rewards.successes(now, errors, task),
            "waypoint_index": self.waypoint_index.clone(),
            "is_grasped": now.is_grasped,
        }

    def _get_obs_extra(self, info: dict[str, Any]) -> dict[str, Any]:
        extra = {"tcp_pose": self.agent.tcp_pose.raw_pose}
        if self.obs_mode_struct.use_state:  # A camera does not see these.
            k = self.waypoint_index
            goal = torch.cat([self._goals.centres[k], self._goals.quats_wxyz[k]], dim=-1)
            extra |= {
                "object_pose": self.tracked_object.pose.raw_pose,
                "goal_pose": goal,
                "waypoint_index": k[:, None].float(),
            }
        return extra

    def compute_dense_reward(self, obs: Any, action: Any, info: dict[str, Any]) -> torch.Tensor:
        """Sum of X-Sim's terms, as ``evaluate`` left them."""
        return torch.stack(list(self._terms.values())).sum(dim=0)

    def compute_normalized_dense_reward(
        self, obs: Any, action: Any, info: dict[str, Any]
    ) -> torch.Tensor:
        """The dense reward on the scale that training uses."""
        return self.compute_dense_reward(obs, action, info) * self.task.reward_scale


def _check_shapes(actor: Any, expected: int) -> None:
    # ManiSkill swallows cooking errors, which would leave a body that falls through everything.
    found = len(actor._bodies[0].get_collision_shapes())
    if found < expected:
        raise BadInputError(
            f"actor '{actor.name}': PhysX built {found} of {expected} collision pieces; "
            "the others are degenerate. Repair the mesh."
        )
