"""What a policy sees of a robot: the part of its camera's picture that it was trained on."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, rotation_angle

from .driver import RobotState

SAMPLES = 3
"""Along each side of a pixel of the policy's image."""
MIN_SHARPNESS = 0.9
"""Pixels of the camera for one of the policy's; below, the policy would see a blur."""


MAX_APART_M, MAX_APART_RAD = 0.04, 0.07
"""Between where the robot says that its camera stands and where the policy looked from."""


def check_place(T_world_cam: NDArray[np.float64], T_world_policy: NDArray[np.float64]) -> None:
    """Refuse a camera that stands elsewhere than the one that a policy learned to look through.

    Raises:
        BadInputError: with how far apart they are.
    """
    apart_m = float(np.linalg.norm(T_world_cam[:3, 3] - T_world_policy[:3, 3]))
    apart_rad = float(rotation_angle(T_world_cam[:3, :3], T_world_policy[:3, :3]))
    if apart_m > MAX_APART_M or apart_rad > MAX_APART_RAD:
        raise BadInputError(
            f"the robot's camera stands {100 * apart_m:.1f} cm and {math.degrees(apart_rad):.1f} "
            "degrees from where the policy learned to look from. Put it there, or calibrate it "
            "again if it does stand there."
        )


class PolicySight:
    """From a robot's pictures and states to a policy's."""

    def __init__(self, camera: PinholeCamera, policy_view: PinholeCamera) -> None:
        """Lay one camera's picture over the other's; both stand in the same place.

        Raises:
            BadInputError: when the camera does not show what the policy looks at, or too coarsely.
        """
        self._size = (policy_view.width, policy_view.height)
        K, P = camera.K, policy_view.K
        scale = np.array([K[0, 0] / P[0, 0], K[1, 1] / P[1, 1]])
        if scale.min() < MIN_SHARPNESS:
            raise BadInputError(
                f"the robot's camera has {scale.min():.2f} pixels for each of the policy's "
                f"{self._size[0]}x{self._size[1]}; it needs {MIN_SHARPNESS} or more. Let it send "
                "larger pictures."
            )
        corner = K[:2, 2] - scale * (P[:2, 2] + 0.5)
        far = corner + scale * np.array(self._size)
        limit = np.array([camera.width, camera.height])
        if (corner < -0.05 * limit - 0.5).any() or (far > 1.05 * limit - 0.5).any():
            raise BadInputError(
                "the robot's camera does not show the part of the scene that the policy looks at: "
                f"pixels {corner.round().tolist()} to {far.round().tolist()} of "
                f"{limit.tolist()}. The policy is for another camera."
            )
        fine = scale / SAMPLES
        # The centre of the first sample lies half a sample inside the first pixel.
        self._warp = np.array(
            [[fine[0], 0, corner[0] + fine[0] / 2], [0, fine[1], corner[1] + fine[1] / 2]]
        )

    def image(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The policy's image (h, w, 3)."""
        width, height = self._size
        fine = cv2.warpAffine(
            rgb,
            self._warp,
            (width * SAMPLES, height * SAMPLES),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        blocks = fine.reshape(height, SAMPLES, width, SAMPLES, 3).astype(np.float32)
        return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


def policy_state(state: RobotState, gripper_max_m: float) -> NDArray[np.float32]:
    """(6,): TCP position in metres, the yaw's sine and cosine, the gripper's opening in [0, 1]."""
    T = state.T_world_tcp
    yaw = math.atan2(T[1, 0], T[0, 0])
    opening = state.gripper_m / gripper_max_m
    return np.array([*T[:3, 3], math.sin(yaw), math.cos(yaw), opening], np.float32)
