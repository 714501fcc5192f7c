from .config import DiffusionConfig as DiffusionConfig
from .train import train_student as train_student
