"""A robot that executes a policy: simulated, in the true room."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.encoders import Encoders
from xsim_core.sim.episode.state import EnvState
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.task import Physics
from xsim_core.sim.vision.backgrounds import RoomBackground
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.recorder import RolloutResult
from xsim_core.sim.vision.rendering import POLICY_HW, policy_camera, video_camera
from xsim_core.sim.vision.rollout import ImagePolicy, rollout
from xsim_core.storage import Progress

from .open import OpenWorld

RGBD_HW = (240, 320)
NO_JOINTS = (
    "the robot recorded no joints, so its rollouts cannot be replayed with the arm where it was. "
    "Bring a dataset that has them (xsim robot ingest --joints FEATURE)"
)


@dataclass(frozen=True)
class RobotEpisodes:
    """What a robot records of its episodes; e of them, n steps, row = before its action."""

    rgb: NDArray[np.uint8]
    """(n, h, w, 3) the policy's images."""
    state: NDArray[np.float32]
    """(n, 6) proprioception."""
    action: NDArray[np.float32]
    """(n, a) commanded."""
    qpos: NDArray[np.float32] | None
    """(n, 9) from the joint encoders; None where only the TCP was recorded."""
    episode_ends: NDArray[np.int64]
    """(e,)."""
    T_world_cam: NDArray[np.float64]
    """(4, 4) the nominal camera, as calibrated; where it really is nobody knows."""
    camera: PinholeCamera
    """Of ``rgb``."""
    rgbd_camera: PinholeCamera
    """Of ``wide_rgb`` and ``wide_depth_mm``."""
    wide_rgb: NDArray[np.uint8] | None
    """(n, H, W, 3) larger pictures, for tracking the object; None when not recorded."""
    wide_depth_mm: NDArray[np.uint16] | None
    """(n, H, W); 0 is no measurement."""
    time_s: NDArray[np.float64] | None = None
    """(n,) of the pictures, since the first of their episode; None where a row is a control step,
    and its pictures are of its beginning."""

    def __len__(self) -> int:
        """Number of episodes."""
        return len(self.episode_ends)

    @property
    def joints(self) -> NDArray[np.float32]:
        """(n, 9) from the joint encoders.

        Raises:
            BadInputError: where none were recorded.
        """
        if self.qpos is None:
            raise BadInputError(NO_JOINTS)
        return self.qpos

    def episode(self, i: int) -> slice:
        """Rows of episode ``i``."""
        return slice(int(self.episode_ends[i - 1]) if i else 0, int(self.episode_ends[i]))


@dataclass(frozen=True)
class Judgement:
    """The truth about a robot's latest episodes, for ``evaluate`` alone."""

    seeds: NDArray[np.int64]
    success: NDArray[np.bool_]
    """(e,)."""
    progress: NDArray[np.float32]
    """(e,) in [0, 1]."""
    T_world_object: NDArray[np.float64]
    """(n, 4, 4) the object's true pose in each step."""


class SimulatedRobot(AbstractContextManager["SimulatedRobot"]):
    """A robot in a simulated true room. Use as a context manager: it owns processes."""

    def __init__(
        self,
        world: OpenWorld,
        sim: OpenSimWorld,
        *,
        folder: Path,
        num_envs: int = 8,
        num_workers: int = 2,
        image_hw: tuple[int, int] = POLICY_HW,
        rgbd_hw: tuple[int, int] | None = None,
        domains: Sequence[Domain] | None = None,
    ) -> None:
        """Set up the world.

        Args:
            world: from ``open_world``.
            sim: the reconstruction's: it says what to do, where that starts and ends, and the
                calibration of robot and camera. Table and object are the world's own.
            folder: where to write the object's mesh.
            num_envs: episodes that run side by side.
            num_workers: processes.
            image_hw: size of the policy's images.
            rgbd_hw: size of the larger RGB-D pictures; None records none. ``RGBD_HW`` suits
                tracking.
            domains: physics, camera, light and sensor of each environment, such as
                ``WorldSpread.draw`` gives; the world's own when None.

        Raises:
            BadInputError: when the object's mesh was made from the film.
        """
        check_object_frame(sim.mesh_from)
        self._nominal = assets = sim.assets
        # Where to look is chosen by the robot's own calibration, not by the world's truth.
        self._policy_view = policy_camera(assets, image_hw)
        height, width = rgbd_hw or RGBD_HW
        self._rgbd_view = video_camera(assets).resized(width, height)
        self._judgement: Judgement | None = None
        domain = domains or [world.spec.domain] * num_envs
        self._encoders = [Encoders((d.physics or Physics()).joint_offset_rad) for d in domain]
        self._pool = ImageEnvPool(
            world_assets(world, assets, folder),
            sim.task,
            background=RoomBackground(room=world.spec.room),
            domain=domain,
            num_envs=num_envs,
            num_workers=num_workers,
            image_hw=image_hw,
            rgbd_hw=rgbd_hw,
            policy_view=self._policy_view,
        )

    def run(
        self,
        policy: ImagePolicy,
        seeds: Sequence[int],
        *,
        num_filmed: int | None = None,
        progress: Progress | None = None,
    ) -> RobotEpisodes:
        """Let the policy act once for each seed, and record what the robot itself can perceive.

        ``num_filmed`` is as in ``rollout``.
        """
        result = rollout(self._pool, policy, seeds, num_filmed=num_filmed, progress=progress)
        self._judgement = _judge(result)
        return RobotEpisodes(
            rgb=result.rgb,
            state=result.state,
            action=result.action,
            qpos=self._reported_joints(result),
            episode_ends=result.episode_ends,
            T_world_cam=np.array(self._nominal.T_world_cam),
            camera=self._policy_view,
            rgbd_camera=self._rgbd_view,
            wide_rgb=result.wide_rgb,
            wide_depth_mm=result.wide_depth_mm,
        )

    def _reported_joints(self, result: RolloutResult) -> NDArray[np.float32]:
        """(n, 9), by the encoders of the environment in which each episode was."""
        qpos = np.array(EnvState.unpack(result.env_states).qpos)
        for i in range(len(result.episode_ends)):
            # Environments take seeds in turn.
            encoders = self._encoders[i % len(self._encoders)]
            for row in range(*result.episode(i).indices(len(qpos))):
                qpos[row] = encoders.joints(qpos[row])
        return qpos

    def judge(self) -> Judgement:
        """The truth about the latest ``run``. Only ``evaluate`` may ask."""
        if self._judgement is None:
            raise ValueError("judge: this robot has not run yet")
        return self._judgement

    def close(self) -> None:
        """End the processes."""
        self._pool.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def check_object_frame(mesh_from: str) -> None:
    """Refuse an object whose own frame the world cannot know.

    Raises:
        BadInputError: when its mesh was made from the film.
    """
    if mesh_from == "film":
        raise BadInputError(
            "the object's mesh was made from the film, in a frame of its own, and this world has "
            "the true object in another: it would be drawn beside where it is. Evaluate in "
            "simulation, or name the object's mesh in capture.yaml (`mesh:`) and run again"
        )


def world_assets(world: OpenWorld, assets: SimAssets, folder: Path) -> SimAssets:
    """The reconstruction's task in the true world: its own paint, table and camera.

    Args:
        world: from ``open_world``.
        assets: of the reconstruction.
        folder: where to write the object's mesh.
    """
    mesh, tint = world.mesh, np.array(world.spec.object_tint)
    texture = np.clip(np.rint(mesh.texture * tint), 0, 255).astype(np.uint8)
    glb = TexturedMesh(mesh.vertices, mesh.faces, mesh.uv, texture).write_glb(
        folder.resolve() / "world_object.glb"
    )
    # The true table is at z = 0; starts are shifted with it so that nothing begins inside it.
    drop = assets.table_height_m
    start = np.array(assets.T_world_object_start)
    start[2, 3] -= drop
    update = {
        "visual_glb": glb,
        "scene_objs": (),
        "table_height_m": 0.0,
        "T_world_object_start": tuple(tuple(row) for row in start.tolist()),
    }
    if world.spec.T_world_cam is not None:
        update["T_world_cam"] = world.spec.T_world_cam
    return assets.model_copy(update=update)


def _judge(result: RolloutResult) -> Judgement:
    return Judgement(
        seeds=result.seeds,
        success=result.success,
        progress=result.progress,
        T_world_object=EnvState.unpack(result.env_states).T_world_object,
    )
