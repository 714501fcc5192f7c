"""Reinforcement learning of the teacher from privileged simulator state."""

from .config import PPOConfig
from .train import train_teacher

__all__ = ["PPOConfig", "train_teacher"]
