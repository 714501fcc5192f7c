from .ground import Ground as Ground
from .open import (
    OpenWorld as OpenWorld,
    open_world as open_world,
    spec_from_json as spec_from_json,
    spec_to_json as spec_to_json,
)
from .robot import (
    RGBD_HW as RGBD_HW,
    Judgement as Judgement,
    RobotEpisodes as RobotEpisodes,
    SimulatedRobot as SimulatedRobot,
    check_object_frame as check_object_frame,
    world_assets as world_assets,
)
from .rollouts import read_rollouts as read_rollouts, write_rollouts as write_rollouts
from .spec import WorldSpec as WorldSpec
from .spread import WorldSpread as WorldSpread
