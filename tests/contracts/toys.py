"""A toy stage over a real artifact kind: quick to make, with frames, numbers and a file."""

import numpy as np

from xsim_core.artifacts import GroundTruth
from xsim_core.config import StageConfig
from xsim_core.stage import Stage


class ToyConfig(StageConfig):
    num_frames: int = 5
    name: str = "toy"


def write_truth(out, config):
    rng = np.random.default_rng(config.num_frames)
    out.write("T_world_object", rng.normal(size=(config.num_frames, 4, 4)))
    out.write("T_world_cam", np.eye(4))
    out.write("photo/T_world_cam", np.tile(np.eye(4), (2, 1, 1)))
    out.write("photo/K", np.eye(3))
    out.write("visible_fraction", np.ones(config.num_frames, np.float32))
    out.add_file("note.txt", b"for people")


def make_truth(*, config, out):
    write_truth(out, config)
    return GroundTruth(name=config.name)


TOY = Stage("toy", 1, make_truth, ToyConfig, {}, GroundTruth)
