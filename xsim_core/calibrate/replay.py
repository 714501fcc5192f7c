"""Replay a robot rollout in simulation from the tracked start of the object."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import se3_from_pos_quat
from xsim_core.sim.controller import FINGER_OPEN_M, inverse_kinematics
from xsim_core.sim.env import SimEnv


@dataclass(frozen=True)
class Replay:
    """What the simulator did, row by row with the recording."""

    env_states: NDArray[np.float32]
    """(t, 16) when the row was observed."""
    tcp: NDArray[np.float64]
    """(t, 3) gripper, world."""

    @property
    def T_world_object(self) -> NDArray[np.float64]:
        """(t, 4, 4)."""
        return se3_from_pos_quat(self.env_states[:, 9:12], self.env_states[:, 12:16])


def replay_rollout(
    env: SimEnv,
    state: NDArray[np.float32],
    action: NDArray[np.float32],
    T_world_object: NDArray[np.floating],
    *,
    feedback: float = 0.7,
) -> Replay:
    """Replay the recorded actions; the measured gripper closes the loop.

    Actions alone drift apart when the robot answers later or weaker than the simulator, and the
    drift, not the object, would then decide which frames match. So each action is corrected by the
    gap between the measured and the simulated TCP. What stays different is what contact does.

    Args:
        env: the simulator, without randomisation.
        state: (t, 6) recorded proprioception.
        action: (t, a) recorded, commanded after the same row of ``state``.
        T_world_object: (4, 4) object in the first frame, as tracked.
        feedback: share of the gap that is corrected in one step.
    """
    env.reset(0, T_world_object=T_world_object, qpos=joints_of(state[0]))
    states, tcp = [], []
    for row, recorded in enumerate(action):
        states.append(env.env_state())
        tcp.append(env.proprio()[:3].astype(np.float64))
        if row + 1 == len(action):
            break
        gap = (state[row, :3] - tcp[-1]) * feedback
        command = recorded.astype(np.float64).copy()
        command[:3] = np.clip(command[:3] + gap / env.task.action_position_m, -1, 1)
        env.step(command)
    return Replay(np.stack(states), np.stack(tcp))


def joints_of(proprio: NDArray[np.float32]) -> NDArray[np.float64]:
    """Joints (9,) that hold the gripper where proprioception (6,) says it is."""
    yaw = float(np.arctan2(proprio[3], proprio[4]))
    finger = float(np.clip(proprio[5], 0, 1)) * FINGER_OPEN_M
    arm = inverse_kinematics(proprio[:3].astype(np.float64), yaw)
    return np.array([*arm, finger, finger])
