"""``XSimObjectTrack-v1``: a ManiSkill environment built from SimAssets and a TaskSpec.

Imported only where a simulator is wanted. Batched over environments for ManiSkill's own loop;
``SimEnv`` drives the same scene on the CPU without ManiSkill's per-step tensor work.
"""

from typing import Any

import numpy as np
import sapien
import torch
from mani_skill.envs.sapien_env import BaseEnv
from mani_skill.utils.registration import register_env
from mani_skill.utils.structs import Pose
from mani_skill.utils.structs.types import SceneConfig, SimConfig
from sapien.physx import PhysxMaterial

from xsim_core.errors import BadInputError
from xsim_core.geometry import quat_wxyz_to_matrix, se3_to_pos_quat

from .assets import SimAssets
from .reward import Goals, reference_advance, reference_success, reference_terms
from .starts import draw_start
from .task import Physics, TaskSpec

ENV_ID = "XSimObjectTrack-v1"
TABLE_HALF_M = (1.2, 1.2, 0.05)


@register_env(ENV_ID, override=True)
class XSimObjectTrackEnv(BaseEnv):
    """A Panda, a table, obstacles of the scene and the tracked object."""

    SUPPORTED_ROBOTS = ["panda"]  # noqa: RUF012 - ManiSkill declares it without ClassVar

    def __init__(
        self,
        *args: Any,
        assets: SimAssets,
        task: TaskSpec,
        physics: Physics | None = None,
        **kwargs: Any,
    ) -> None:
        self.assets, self.task, self.physics = assets, task, physics or task.physics
        self.goals = Goals.from_assets(assets, task)
        self._centre_before: np.ndarray | None = None
        self._is_seeded = False
        kwargs.setdefault("robot_uids", "panda")
        super().__init__(*args, **kwargs)

    @property
    def _default_sim_config(self) -> SimConfig:
        return SimConfig(
            sim_freq=self.task.sim_freq_hz,
            control_freq=self.task.control_freq_hz,
            scene_config=SceneConfig(solver_position_iterations=8),
        )

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
        half = np.array(TABLE_HALF_M)
        table = self.scene.create_actor_builder()
        table.add_box_collision(half_size=half.tolist(), material=material)
        table.initial_pose = sapien.Pose([0.5, 0.0, self.assets.table_height_m - half[2]])
        self.table = table.build_kinematic("table")
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

    def reset(
        self, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes; with a seed the same ones as ``SimEnv.reset`` draws."""
        self._is_seeded = seed is not None
        return super().reset(seed=seed, options=options)

    def _initialize_episode(self, env_idx: torch.Tensor, options: dict[str, Any]) -> None:
        if self._is_seeded or self._enhanced_determinism:
            seeds = np.asarray(self._episode_seed)[env_idx.cpu().numpy()]
        else:
            # ManiSkill keeps the last seed; from here on it draws from torch's generator.
            seeds = torch.randint(2**31, (len(env_idx),)).numpy()
        starts = [
            draw_start(self.assets, self.task.start, np.random.default_rng(int(s))) for s in seeds
        ]
        p, q, qpos = (torch.tensor(np.stack(c)).float() for c in zip(*starts, strict=True))
        self.tracked_object.set_pose(Pose.create_from_pq(p, q))
        self.agent.reset(qpos)
        self.waypoint_index[env_idx] = 0
        self._centre_before = None

    def _before_control_step(self) -> None:
        super()._before_control_step()
        self._centre_before = self._state()["centre"]

    def _state(self) -> dict[str, Any]:
        """What the reward looks at, as batched arrays."""
        pose, qvel = self.tracked_object.pose, self.agent.robot.get_qvel()
        R = quat_wxyz_to_matrix(pose.q.cpu().numpy())
        centre = R @ np.array(self.assets.object_centre) + pose.p.cpu().numpy()
        speed = self.tracked_object.linear_velocity.norm(dim=-1).cpu().numpy()
        if self._centre_before is not None and self.task.gripper == "controlled":
            # PhysX gives a body that is squeezed but at rest some 0.1 m/s.
            moved = np.linalg.norm(centre - self._centre_before, axis=-1)
            speed = np.minimum(speed, moved / self.task.control_dt_s)
        return {
            "tcp": self.agent.tcp_pos.cpu().numpy(),
            "centre": centre,
            "R_world_object": R,
            "object_speed": speed,
            "arm_speed": qvel[:, :7].norm(dim=-1).cpu().numpy(),
            "is_grasped": self.agent.is_grasping(self.tracked_object).cpu().numpy(),
        }

    def evaluate(self) -> dict[str, Any]:
        """Success and waypoint index; advances the index of those that reached theirs."""
        state, task = self._state(), self.task
        index = self.waypoint_index.cpu().numpy()
        index = reference_advance(self.goals, task, index, state["centre"], state["R_world_object"])
        self.waypoint_index = torch.as_tensor(index, device=self.device)
        self._terms = reference_terms(self.goals, task, index, **state)
        success = reference_success(
            self.goals, task, state["centre"], state["R_world_object"], state["object_speed"]
        )
        return {
            "success": torch.as_tensor(success, device=self.device),
            "waypoint_index": self.waypoint_index.clone(),
        }

    def _get_obs_extra(self, info: dict[str, Any]) -> dict[str, Any]:
        return {
            "tcp_pose": self.agent.tcp_pose.raw_pose,
            "object_pose": self.tracked_object.pose.raw_pose,
            "waypoint_index": self.waypoint_index[:, None].float(),
        }

    def compute_dense_reward(self, obs: Any, action: Any, info: dict[str, Any]) -> torch.Tensor:
        """Sum of X-Sim's terms, as ``evaluate`` left them."""
        total = np.sum(list(self._terms.values()), axis=0)
        return torch.as_tensor(total, dtype=torch.float32, device=self.device)

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
