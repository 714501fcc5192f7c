"""The way back to the start: up, across, down, each through the safety layer."""

import math
import time
from collections.abc import Callable

import numpy as np

from xsim_core.errors import BadInputError

from .driver import RobotDriver, RobotState, TcpTarget
from .safety.limits import SafetyLimits
from .safety.stream import Stream

NEAR_M, NEAR_RAD = 0.012, 0.06
"""Impedance controllers stand some millimetres off."""
PATIENCE_S = 60.0
"""For each of the three ways; a dead-man key may be released in between."""
AIM_S = 0.05


def go_to(
    driver: RobotDriver,
    limits: SafetyLimits,
    target: TcpTarget,
    *,
    is_alive: Callable[[], bool],
    patience_s: float = PATIENCE_S,
) -> None:
    """Bring the TCP to ``target`` over the top of its box; it is at rest when this returns.

    Raises:
        BadInputError: when it may not begin where it stands, was stopped on its way, or is not
            there in time.
        RobotLostError: when it does not answer.
    """
    stream = Stream(driver, limits, is_alive=is_alive)
    here, top_m = stream.safety.commanded, limits.box_high[2]
    above = [
        TcpTarget(np.array([*at.position[:2], top_m]), at.yaw, target.gripper_m)
        for at in (here, target)
    ]
    stream.start()
    try:
        for via in (*above, target):
            _reach(stream, driver, via, patience_s)
    finally:
        stream.stop()


def _reach(stream: Stream, driver: RobotDriver, target: TcpTarget, patience_s: float) -> None:
    end_s = time.monotonic() + patience_s
    while not _is_near(driver.observe().state, target):
        stream.aim(target)
        if stream.lost is not None:
            raise stream.lost
        if stream.stopped_by is not None:
            raise BadInputError(
                f"the robot was stopped on its way to the start ({stream.stopped_by}): look, and "
                "clear its way."
            )
        if time.monotonic() > end_s:
            raise BadInputError(
                f"the robot did not reach {target.position.round(3).tolist()} m, on its way to the "
                f"start, within {patience_s:g} s ({stream.reason or 'it does not get there'})."
            )
        time.sleep(AIM_S)


def _is_near(state: RobotState, target: TcpTarget) -> bool:
    T = state.T_world_tcp
    turned = math.remainder(math.atan2(T[1, 0], T[0, 0]) - target.yaw, 2 * math.pi)
    away_m = float(np.linalg.norm(T[:3, 3] - target.position))
    return away_m <= NEAR_M and abs(turned) <= NEAR_RAD
