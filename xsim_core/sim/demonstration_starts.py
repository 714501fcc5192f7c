"""Starts along the demonstration, for training: the object in the gripper, somewhere on its path.

Reference state initialisation (Peng et al. 2018, DeepMimic, section 6.2): a policy that sometimes
begins where the demonstration has already gone learns what comes late without first mastering what
comes early. The video shows the object, not the robot; so the grasp is found by trying: close on
the object from above where it is narrow, and see whether it can be lifted. No policy is
consulted, and evaluation never starts here.
"""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, so3_exp

from .controller import forward_kinematics, gripper_down, inverse_kinematics, tcp_yaw
from .env import SimEnv
from .episode.starts import DemonstrationStart
from .episode.state import EnvState

CLOSE_STEPS, LIFT_STEPS = 8, 12
MIN_LIFT_M = 0.05
"""A grasp that raises the object by less has slipped."""
SHIFT_M = 0.01
"""Uniform, horizontally, on gripper and object together."""


class DemonstrationStarts:
    """Draws starts for one environment."""

    def __init__(self, env: SimEnv) -> None:
        """Try the grasp in ``env``, whose episode ends by this.

        Raises:
            BadInputError: when the object cannot be held from above.
        """
        assets = env.assets
        self._qpos_rest = np.array(assets.start_qpos)
        self._centre = np.array(assets.object_centre)
        self._path = np.concatenate([assets.start[None], assets.waypoints])
        self._T_tcp_open = _grasp_pose(env)
        self._T_tcp_object, self._finger_m = _try_grasp(env, self._T_tcp_open)

    def sample(self, rng: np.random.Generator) -> DemonstrationStart:
        """Open around the object at its start (one in three), or carried to where it went."""
        shift = np.array([*rng.uniform(-SHIFT_M, SHIFT_M, size=2), 0.0])
        if rng.random() < 1 / 3:
            return self._start(self._T_tcp_open, shift, 0, is_held=False)
        k = int(rng.integers(len(self._path) - 1))
        # The object's rotation in the hand is its rotation at the grasp; the hand turns with it.
        T = self._between(k, rng.random())
        T[2, 3] += 0.01
        return self._start(T @ inverse_se3(self._T_tcp_object), shift, k, is_held=True)

    def _between(self, k: int, share: float) -> NDArray[np.float64]:
        """Upright pose (4, 4) on the way from path pose ``k`` to the next one."""
        before, after = self._path[k], self._path[k + 1]
        centres = [T[:3, :3] @ self._centre + T[:3, 3] for T in (before, after)]
        yaws = [_yaw_since(self._path[0], T) for T in (before, after)]
        turn = (yaws[1] - yaws[0] + math.pi) % (2 * math.pi) - math.pi
        R = so3_exp([0.0, 0.0, yaws[0] + share * turn]) @ self._path[0, :3, :3]
        centre = centres[0] + share * (centres[1] - centres[0])
        return make_se3(R, centre - R @ self._centre)

    def _start(
        self,
        T_world_tcp: NDArray[np.float64],
        shift: NDArray[np.float64],
        index: int,
        *,
        is_held: bool,
    ) -> DemonstrationStart:
        tcp = T_world_tcp[:3, 3] + shift
        q = inverse_kinematics(tcp, tcp_yaw(T_world_tcp[:3, :3]), q_start=self._qpos_rest[:7])
        reached, _ = forward_kinematics(q)
        if is_held:
            fingers, T_world_object = self._finger_m, reached @ self._T_tcp_object
        else:
            fingers, T_world_object = self._qpos_rest[7:], self._path[0].copy()
            T_world_object[:3, 3] += shift
        return DemonstrationStart(np.concatenate([q, fingers]), T_world_object, index, is_held)


def _grasp_pose(env: SimEnv) -> NDArray[np.float64]:
    """(4, 4) TCP around the object at its nominal start, as low as the task lets it go."""
    start = env.assets.start
    centre = start[:3, :3] @ np.array(env.assets.object_centre) + start[:3, 3]
    T_rest, _ = forward_kinematics(np.array(env.assets.start_qpos[:7]))
    height = max(float(centre[2]), env.assets.workspace_low[2])
    return make_se3(gripper_down(tcp_yaw(T_rest[:3, :3])), np.array([*centre[:2], height]))


def _try_grasp(
    env: SimEnv, T_world_tcp: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``T_tcp_object`` (4, 4) and finger joints (2,) of a grasp that lifts the object."""
    q_rest = np.array(env.assets.start_qpos)
    q = inverse_kinematics(T_world_tcp[:3, 3], tcp_yaw(T_world_tcp[:3, :3]), q_start=q_rest[:7])
    env.reset(0, T_world_object=env.assets.start, qpos=np.concatenate([q, q_rest[7:]]))
    before = float(env.T_world_object[2, 3])
    is_grasped = False
    for up in (0.0,) * CLOSE_STEPS + (1.0,) * LIFT_STEPS:
        command = {"dz": up, "gripper": -1.0}
        result = env.step(np.array([command.get(name, 0.0) for name in env.task.action_names]))
        is_grasped = result.terms["grasp"] > 0
    lifted = float(env.T_world_object[2, 3]) - before
    if not is_grasped or lifted < MIN_LIFT_M:
        raise BadInputError(
            f"object '{env.assets.object_name}' cannot be held from above: closed on its narrow "
            f"side, it rose by {1e3 * lifted:.0f} mm. It may be wider than the gripper's 80 mm, "
            "too heavy or too slippery (see the task's physics)."
        )
    qpos = EnvState.unpack(env.env_state()).qpos.astype(np.float64)
    T_tcp, _ = forward_kinematics(qpos[:7])
    return inverse_se3(T_tcp) @ env.T_world_object, qpos[7:]


def _yaw_since(T_from: NDArray[np.float64], T_to: NDArray[np.float64]) -> float:
    """Turn about the world's z between two rotations, tilt left out."""
    R = T_to[:3, :3] @ T_from[:3, :3].T
    return math.atan2(R[1, 0] - R[0, 1], R[0, 0] + R[1, 1])
