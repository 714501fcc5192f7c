"""Paired real and simulated frames, and which of them may be trusted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import rotation_angle

from .config import GateConfig
from .infonce import near_duplicates


@dataclass(frozen=True)
class Pairs:
    """Frames of real rollouts with their replayed counterparts, row by row."""

    real: NDArray[np.uint8]
    """(n, h, w, 3)."""
    sim: NDArray[np.uint8]
    """(n, h, w, 3)."""
    rollout: NDArray[np.int64]
    """(n,) which rollout a frame is from."""
    T_world_object: NDArray[np.float64]
    """(n, 4, 4) tracked."""
    T_world_object_sim: NDArray[np.float64]
    """(n, 4, 4) where physics has it in the replay: since the start, or since the tracked frame
    before when the replay is resynchronised."""
    tcp: NDArray[np.float64]
    """(n, 3) measured on the robot, world."""
    tcp_sim: NDArray[np.float64]
    """(n, 3) in the replay, likewise."""
    score: NDArray[np.float32]
    """(n,) of the tracked pose; 0 where the object was not found."""
    state: NDArray[np.float32]
    """(n, s) proprioception measured on the robot."""
    action: NDArray[np.float32]
    """(n, T, a) what the teacher would do from there; T is 0 where it was not asked."""
    mask: NDArray[np.float32]
    """(n, T) of 0 and 1: which of these actions are real."""

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.real)

    @property
    def is_taught(self) -> bool:
        """Whether the teacher was asked."""
        return self.action.shape[1] > 0

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> "Pairs":
        """Some of the pairs."""
        return Pairs(**{name: values[index] for name, values in vars(self).items()})

    @staticmethod
    def concatenate(parts: "list[Pairs]") -> "Pairs":
        """All pairs of several rollouts."""
        names = vars(parts[0])
        return Pairs(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})

    def disagreement(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Object distance (n,) in m, object angle (n,) in rad and TCP distance (n,) in m."""
        a, b = self.T_world_object, self.T_world_object_sim
        return (
            np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=1),
            rotation_angle(a[:, :3, :3], b[:, :3, :3]),
            np.linalg.norm(self.tcp - self.tcp_sim, axis=1),
        )

    def trusted(self, gate: GateConfig) -> NDArray[np.bool_]:
        """(n,) whether real and simulated frame show the same scene."""
        distance, angle, tcp = self.disagreement()
        return (
            (distance <= gate.object_position_m)
            & (angle <= gate.object_rotation_rad)
            & (tcp <= gate.tcp_position_m)
            & (self.score >= gate.min_track_score)
        )

    def duplicates(self, threshold_m: float) -> NDArray[np.bool_]:
        """(n, n) frames in which neither gripper nor object differ by more than the threshold."""
        return near_duplicates(
            np.stack([self.tcp, self.T_world_object[:, :3, 3]], axis=1), threshold_m
        )
