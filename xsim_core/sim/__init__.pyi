from .assets import SimAssets as SimAssets, build_assets as build_assets
from .env import SimEnv as SimEnv, StepResult as StepResult
from .pool import (
    EnvPool as EnvPool,
    Outcomes as Outcomes,
    PoolStep as PoolStep,
    run_episodes as run_episodes,
)
from .task import (
    Physics as Physics,
    TaskSpec as TaskSpec,
    load_task as load_task,
    task_names as task_names,
)
