"""Policies: the image-conditioned diffusion student and what trains it."""

from .augment import AugmentConfig
from .chunks import Batch, ChunkSampler, Episodes
from .cloning import OptimConfig, Trainer, cloning_loss, step_streams
from .ddim import DDIMSchedule
from .network import StudentArchitecture, StudentNet
from .normalizer import MinMaxNormalizer
from .student import ClosedLoopStudent, Student

__all__ = [
    "AugmentConfig",
    "Batch",
    "ChunkSampler",
    "ClosedLoopStudent",
    "DDIMSchedule",
    "Episodes",
    "MinMaxNormalizer",
    "OptimConfig",
    "Student",
    "StudentArchitecture",
    "StudentNet",
    "Trainer",
    "cloning_loss",
    "step_streams",
]
