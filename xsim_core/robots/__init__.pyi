from .driver import (
    CameraFrame as CameraFrame,
    Observation as Observation,
    RobotDriver as RobotDriver,
    RobotInfo as RobotInfo,
    RobotLostError as RobotLostError,
    RobotState as RobotState,
    TcpTarget as TcpTarget,
)
from .safety.layer import Safety as Safety, Tick as Tick
from .safety.limits import SafetyLimits as SafetyLimits
from .safety.motion import MotionFilter as MotionFilter
