"""The simulator's state as numbers: one vector in arrays and datasets, named parts in code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import se3_from_pos_quat
from xsim_core.geometry.arrays import SE3, Joints, Positions, QuatsWxyz, StateVectors

ENV_STATE_DIM = 16


@dataclass(frozen=True)
class EnvState:
    """Robot and object of one environment, or of several along leading axes."""

    qpos: Joints
    """(..., 9) arm and fingers; radians, metres."""
    position: Positions
    """(..., 3) of the object's origin, world frame, metres."""
    quat_wxyz: QuatsWxyz
    """(..., 4) of the object."""

    @staticmethod
    def unpack(vector: NDArray[np.floating]) -> "EnvState":
        """The parts of vectors (..., 16); views, not copies.

        Raises:
            BadInputError: for vectors of another length.
        """
        if vector.shape[-1:] != (ENV_STATE_DIM,):
            raise BadInputError(
                f"a simulator state has {ENV_STATE_DIM} numbers (joints 9, position 3, quaternion "
                f"wxyz 4), not shape {vector.shape}"
            )
        return EnvState(vector[..., :9], vector[..., 9:12], vector[..., 12:16])

    def pack(self) -> StateVectors:
        """The vectors (..., 16) that ``unpack`` takes apart."""
        parts = (self.qpos, self.position, self.quat_wxyz)
        return np.concatenate(parts, axis=-1).astype(np.float32)

    @property
    def T_world_object(self) -> SE3:
        """(..., 4, 4)."""
        return se3_from_pos_quat(self.position, self.quat_wxyz)
