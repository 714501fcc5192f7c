from .config import PPOConfig as PPOConfig
from .train import train_teacher as train_teacher
