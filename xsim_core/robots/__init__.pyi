from .driver import (
    CameraFrame as CameraFrame,
    Observation as Observation,
    RobotDriver as RobotDriver,
    RobotInfo as RobotInfo,
    RobotLostError as RobotLostError,
    RobotState as RobotState,
    TcpTarget as TcpTarget,
)
from .limits import SafetyLimits as SafetyLimits
from .motion import MotionFilter as MotionFilter
from .safety import Safety as Safety, Tick as Tick
