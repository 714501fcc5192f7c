"""Joint encoders that are off: what an arm takes its joints and its TCP to be."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry.arrays import ArmJoints, Joints, Vectors3

from .controller import forward_kinematics
from .task import NO_OFFSET, JointOffset


class Encoders:
    """Each joint stands ``offset`` further than its encoder says.

    A constant error of an arm's calibration: it goes to where its encoders say what it was told,
    and everything that it reports of itself is as wrong.
    """

    def __init__(self, offset_rad: JointOffset = NO_OFFSET) -> None:
        self._offset = np.array(offset_rad)
        self._are_right = offset_rad == NO_OFFSET

    def joints(self, qpos: Joints) -> NDArray[np.float64]:
        """What they say (9,) of true joints (9,) of arm and fingers; fingers are right."""
        said = np.array(qpos, dtype=np.float64)
        said[:7] -= self._offset
        return said

    def tcp(self, qpos: Joints, tcp: Vectors3) -> Vectors3:
        """Where (3,) they put the TCP, which is at ``tcp`` (3,) with true joints (9,)."""
        if self._are_right:
            return tcp
        return forward_kinematics(self.joints(qpos)[:7])[0][:3, 3]

    def true_targets(self, targets: ArmJoints) -> ArmJoints:
        """Where (7,) joints end that go to where their encoders say ``targets`` (7,)."""
        return targets if self._are_right else targets + self._offset
