"""The simulator: tasks as data, assets from artifacts, one environment and pools of them.

Importing this package loads neither SAPIEN nor ManiSkill; building a ``SimEnv`` does.
"""

from .assets import SimAssets, build_assets
from .env import SimEnv, StepResult
from .pool import EnvPool, Outcomes, PoolStep, run_episodes
from .task import Physics, TaskSpec, load_task, task_names

__all__ = [
    "EnvPool",
    "Outcomes",
    "Physics",
    "PoolStep",
    "SimAssets",
    "SimEnv",
    "StepResult",
    "TaskSpec",
    "build_assets",
    "load_task",
    "run_episodes",
    "task_names",
]
