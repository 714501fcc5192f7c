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
    TransformerArchitecture as TransformerArchitecture,
    UnetArchitecture as UnetArchitecture,
)
from .ddim import DDIMSchedule as DDIMSchedule
from .networks import StudentNet as StudentNet, build_net as build_net
from .networks.lerobot import load_lerobot as load_lerobot, to_lerobot as to_lerobot
from .normalizer import MinMaxNormalizer as MinMaxNormalizer
from .objective import Objective as Objective, objective_of as objective_of
from .student import ClosedLoopStudent as ClosedLoopStudent, Student as Student
