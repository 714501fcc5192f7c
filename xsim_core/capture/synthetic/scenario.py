"""What is filmed in a synthesised capture, and the world that its policy is deployed into."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.geometry import BoardSpec, make_se3, so3_exp
from xsim_core.render.lights import LightSpec
from xsim_core.render.room import BOARD_LIFT_M, Furniture, RoomSpec

from .depth_noise import DepthNoise

Floats = NDArray[np.float64]


class SynthesizeConfig(FrozenModel):
    """What to film. The defaults are the demo."""

    name: str = "demo"
    seed: int = 0
    image_wh: tuple[int, int] = (640, 480)
    num_frames: int = Field(default=90, ge=4)
    fps: float = Field(default=15.0, gt=0)
    num_photos: int = Field(default=40, ge=0)
    furniture: Furniture = Field(default="patterned", exclude_if=lambda v: v == "patterned")
    """What the room is made of."""
    motion: Literal["slide", "lift"] = "slide"
    object_name: str = "block"
    object_size_m: tuple[float, float, float] = (0.10, 0.06, 0.05)
    start_xy_m: tuple[float, float] = (0.50, -0.10)
    end_xy_m: tuple[float, float] = (0.515, 0.06)
    start_yaw_rad: float = -0.15
    turn_rad: float = 0.44
    bulge_m: float = 0.018
    grasp_azimuth_rad: float = 1.45
    """World direction in which the hand reaches."""
    eye_m: tuple[float, float, float] = (1.04, 0.34, 0.62)
    camera: Literal["stand", "hand"] = "stand"
    """hand: the video's camera moves around what it looks at, all through the film."""
    target_m: tuple[float, float, float] = (0.53, 0.015, 0.0)
    video_focal_px: float = Field(default=600.0, gt=0)
    """For 640 columns; scaled with the image."""
    photo_focal_px: float = Field(default=520.0, gt=0)
    depth_noise: DepthNoise = DepthNoise()


def demo_board() -> BoardSpec:
    """The demo's board: it lies between the workspace and the video camera."""
    T_world_centre = make_se3(so3_exp([0, 0, np.deg2rad(112)]), [0.755, 0.10, BOARD_LIFT_M])
    board = BoardSpec(square_m=0.045, marker_m=0.034, T_world_board=tuple(map(tuple, np.eye(4))))
    width, height = board.size_m
    T_world_board = T_world_centre @ make_se3(np.eye(3), [-width / 2, -height / 2, 0])
    rows = tuple(tuple(float(round(x, 9)) for x in row) for row in T_world_board)
    return board.model_copy(update={"T_world_board": rows})


REAL_LIGHTS = LightSpec(
    ambient_rgb=(0.34, 0.33, 0.30),
    directions=((-0.5, 0.4, -1.0), (0.6, -0.2, -0.7)),
    colours_rgb=((1.35, 1.2, 1.0), (0.35, 0.4, 0.5)),
)
"""Of the world to deploy into."""


def real_world_spec(
    config: SynthesizeConfig, room: RoomSpec, T_world_cam: Floats
) -> dict[str, Any]:
    """The world to deploy into, as ``xsim_core.world.WorldSpec`` reads it.

    The same room, differently lit, painted, filmed and actuated.
    """
    real_room = room.model_copy(
        update={
            "table_tint": (0.86, 0.95, 1.0),
            "wall_tint": (0.8, 0.8, 0.9),
            "clutter_tint": (1, 0.9, 0.8),
        }
    )
    return {
        "name": f"{config.name}-real",
        "room": real_room.model_dump(mode="json"),
        "lights": REAL_LIGHTS.model_dump(mode="json"),
        "T_world_cam": T_world_cam.tolist(),
        "seed": config.seed,
        "camera_error_m": 0.010,
        "camera_error_rad": 0.0175,
        "noise_std": 3.0,
        "friction": 0.28,
        "action_latency_steps": 1,
        "object_tint": [0.92, 0.97, 0.88],
    }
