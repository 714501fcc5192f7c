"""What a robot on the wire says and hears: maps of MessagePack, as the policy server's.

Robot to client: ``hello`` first, then ``state`` and ``frame`` as they come, ``pong`` to each
``ping``. Client to robot: ``command`` (a vector of five), ``stop``, ``ping``. Beside it, at
``/person``, who plays the person: ``reset`` with a seed, ``judge``; each is answered.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.driver import CameraFrame, RobotInfo, RobotState

PROTOCOL = 1
DRIVER, PERSON = "/robot", "/person"
MAX_COMMAND_BYTES = 1 << 10
MAX_FRAME_BYTES = 32 << 20
MAX_JOINTS = 16


def hello(
    model: str, num_joints: int, gripper_max_m: float, camera: PinholeCamera, T: NDArray[np.float64]
) -> dict[str, Any]:
    """The robot's first message."""
    return {
        "type": "hello",
        "protocol": PROTOCOL,
        "model": model,
        "num_joints": num_joints,
        "gripper_max_m": gripper_max_m,
        "K": camera.K,
        "image_hw": np.array([camera.height, camera.width]),
        "T_world_cam": T,
    }


def info_of(message: dict[str, Any]) -> RobotInfo:
    """What ``hello`` says.

    Raises:
        BadInputError: when it is none, or of another protocol.
    """
    if message.get("type") != "hello" or message.get("protocol") != PROTOCOL:
        raise BadInputError(
            f"what answers there speaks protocol {message.get('protocol')!r}, not {PROTOCOL}: "
            "'xsim robot serve' of this version does"
        )
    hw, K = array(message, "image_hw", (2,)), array(message, "K", (3, 3))
    T_world_cam = array(message, "T_world_cam", (4, 4))
    if (
        not all(np.isfinite(a).all() for a in (hw, K, T_world_cam))
        or min(*hw, K[0, 0], K[1, 1]) <= 0
    ):
        raise BadInputError("the robot describes no camera: a number of it is none")
    height, width = (int(n) for n in hw)
    model, num_joints = message.get("model"), message.get("num_joints")
    if not isinstance(model, str) or not isinstance(num_joints, int):
        raise BadInputError("the robot does not say what it is")
    return RobotInfo(
        model=model[:64],
        num_joints=num_joints,
        gripper_max_m=number(message, "gripper_max_m"),
        camera=PinholeCamera(width, height, K),
        T_world_cam=T_world_cam,
        picture_times="the robot's own clock, laid on this machine's by the shortest round trip",
    )


def state_of(message: dict[str, Any], clock_offset_s: float) -> RobotState:
    """What ``state`` says; ``clock_offset_s`` is added to the robot's clock."""
    qpos = array(message, "qpos", None)
    return RobotState(
        time_s=number(message, "time_s") + clock_offset_s,
        qpos=qpos,
        qvel=array(message, "qvel", qpos.shape),
        T_world_tcp=array(message, "T_world_tcp", (4, 4)),
        gripper_m=number(message, "gripper_m"),
        force_n=array(message, "force_n", (3,)),
    )


def frame_of(
    message: dict[str, Any], clock_offset_s: float, image_hw: tuple[int, int]
) -> CameraFrame:
    """What ``frame`` says."""
    rgb, depth = message.get("rgb"), message.get("depth_mm")
    for name, image, kind, shape in (
        ("rgb", rgb, np.uint8, (*image_hw, 3)),
        ("depth_mm", depth, np.uint16, image_hw),
    ):
        if not isinstance(image, np.ndarray) or image.dtype != kind or image.shape != shape:
            raise BadInputError(f"the robot's {name} is not {np.dtype(kind)} {shape}")
    return CameraFrame(number(message, "time_s") + clock_offset_s, rgb, depth)  # type: ignore[arg-type]


def number(message: dict[str, Any], name: str) -> float:
    """A number of a message; it may be NaN or infinite, which safety judges."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise BadInputError(f"the message's {name} is no number")
    return float(value)


def array(message: dict[str, Any], name: str, shape: tuple[int, ...] | None) -> NDArray[np.float64]:
    """An array of a message, of this shape; a vector of joints where that is None."""
    value = message.get(name)
    if not isinstance(value, np.ndarray) or (
        (value.ndim != 1 or not 0 < len(value) <= MAX_JOINTS)
        if shape is None
        else value.shape != shape
    ):
        raise BadInputError(f"the message's {name} is no array of shape {shape or '(joints,)'}")
    return value.astype(np.float64)
