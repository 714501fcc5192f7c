from .chunks import (
    Batch as Batch,
    ChunkSampler as ChunkSampler,
    Episodes as Episodes,
    TaughtWindows as TaughtWindows,
)
from .cloning import Trainer as Trainer, cloning_loss as cloning_loss, step_streams as step_streams
from .config import (
    AugmentConfig as AugmentConfig,
    OptimConfig as OptimConfig,
    StudentArchitecture as StudentArchitecture,
)
from .ddim import DDIMSchedule as DDIMSchedule
from .network import StudentNet as StudentNet
from .normalizer import MinMaxNormalizer as MinMaxNormalizer
from .student import ClosedLoopStudent as ClosedLoopStudent, Student as Student
