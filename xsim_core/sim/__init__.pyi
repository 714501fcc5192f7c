from .assets import SimAssets as SimAssets
from .env import SimEnv as SimEnv, StepResult as StepResult
from .open import (
    OpenSimWorld as OpenSimWorld,
    check_same_task as check_same_task,
    open_sim_world as open_sim_world,
    task_of as task_of,
)
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
    load_task_file as load_task_file,
    task_names as task_names,
)
