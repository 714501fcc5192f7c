"""What the campaigns make and read: shards, chunks, a picture, at times an upload in parts."""

import numpy as np

from tests.storage.test_frames import write_capture
from xsim_core.artifacts import Capture
from xsim_core.config import FrozenModel
from xsim_core.stage import Stage


class CargoConfig(FrozenModel):
    number: int
    is_large: bool = False
    """With a file that is uploaded in parts."""


def contents(config):
    rng = np.random.default_rng(config.number)
    rgb = rng.integers(0, 255, (6, 24, 32, 3), dtype=np.uint8)
    return rgb, rng.bytes((6 << 20) if config.is_large else 1000)


def make_cargo(*, config, out):
    rgb, file = contents(config)
    out.add_file("file.bin", file)
    return write_capture(out, rgb)


def wrong_parts(artifact, config):
    """Names of the parts that read differently from what was written."""
    rgb, file = contents(config)
    parts = {
        "array": np.array_equal(artifact.array("video/rgb"), rgb),
        "frame": np.array_equal(artifact.group["video/rgb"][3], rgb[3]),
        "map": np.array_equal(artifact.frames("video/rgb"), rgb),
        "chunk": artifact.array("video/timestamps_s").tolist() == list(range(len(rgb))),
        "file": artifact.read_file("file.bin") == file,
    }
    return [name for name, is_right in parts.items() if not is_right]


CARGO = Stage("cargo", 1, make_cargo, CargoConfig, {}, Capture)
