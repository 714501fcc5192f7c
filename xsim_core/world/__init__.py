"""The world to deploy into. Only this package opens a ``RealWorld`` artifact."""

from .open import OpenWorld, open_world, spec_to_json
from .robot import RGBD_HW, Judgement, RealRobot, RobotEpisodes, SimulatedRobot
from .spec import WorldSpec

__all__ = [
    "RGBD_HW",
    "Judgement",
    "OpenWorld",
    "RealRobot",
    "RobotEpisodes",
    "SimulatedRobot",
    "WorldSpec",
    "open_world",
    "spec_to_json",
]
