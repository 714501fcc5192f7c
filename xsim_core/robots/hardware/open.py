"""Which driver a URL names: ``franka://HOST``, ``ur://HOST``, ``xarm://HOST``."""

from urllib.parse import urlsplit

from xsim_core.errors import BadInputError
from xsim_core.robots.driver import RobotDriver

SCHEMES = ("franka", "ur", "xarm")


def open_driver(url: str) -> RobotDriver:
    """The driver of the robot at a URL; nothing is connected yet.

    Raises:
        BadInputError: for a URL of no robot.
    """
    parts = urlsplit(url)
    is_plain = parts.hostname and parts.path in ("", "/") and not (parts.query or parts.fragment)
    if parts.scheme not in SCHEMES or not is_plain or parts.netloc != parts.hostname:
        raise BadInputError(
            f"'{url}' names no robot: sim-mujoco, or {', '.join(f'{s}://HOST' for s in SCHEMES)}."
        )
    host = str(parts.hostname)
    match parts.scheme:
        case "franka":
            from .franka import FrankaRobot

            return FrankaRobot(host)
        case "ur":
            from .ur import UrRobot

            return UrRobot(host)
        case _:
            from .xarm import XArmRobot

            return XArmRobot(host)
