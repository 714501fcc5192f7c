from .batch_controller import TASK_ACTIONS as TASK_ACTIONS
from .environment import ENV_ID as ENV_ID, XSimObjectTrackEnv as XSimObjectTrackEnv
from .norender import allow_physics_without_renderer as allow_physics_without_renderer
