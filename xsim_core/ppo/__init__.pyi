from .batched import BatchedEnv as BatchedEnv, BatchStep as BatchStep
from .config import PPOConfig as PPOConfig, PPOSettings as PPOSettings
from .env_processes import EnvProcesses as EnvProcesses, maniskill_env as maniskill_env
from .train import train_teacher as train_teacher
from .train_env import TrainedPolicy as TrainedPolicy, train_ppo as train_ppo
from .vector_env import FromVectorEnv as FromVectorEnv
