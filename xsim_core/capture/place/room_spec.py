"""What ``capture.yaml`` says of a room that was reconstructed elsewhere."""

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from xsim_core.config import FrozenModel
from xsim_core.geometry.tag_spec import IDENTITY, Matrix4

SQUARE = 1e-3


class RoomFileSpec(FrozenModel):
    """A mesh or Gaussians in place of photos, and where they lie."""

    file: str = Field(min_length=1)
    """A textured mesh or a Gaussian ``.ply``, relative to the capture."""
    T_world_room: Matrix4 = IDENTITY
    """Pose (4, 4) of its frame in the robot's, metres; left out, it is the robot's."""
    metres_per_unit: float = Field(default=1.0, gt=0)
    """Of its lengths."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_file_alone(cls, data: Any) -> Any:
        return {"file": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _rigid(self) -> "RoomFileSpec":
        T = np.array(self.T_world_room)
        R = T[:3, :3]
        if not np.allclose(R @ R.T, np.eye(3), atol=SQUARE) or np.linalg.det(R) < 0:
            raise ValueError(
                "T_world_room is no rotation with a translation; metres_per_unit takes a scale"
            )
        if not np.allclose(T[3], [0, 0, 0, 1], atol=1e-6):
            raise ValueError(f"the last row of T_world_room is {T[3].tolist()}; it is 0 0 0 1")
        return self
