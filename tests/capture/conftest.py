"""One tiny synthesised capture for all tests of the package."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture import SynthesizeConfig, synthesize_capture
from xsim_core.capture.formats import RGBDVideo

TINY = SynthesizeConfig(name="tiny", image_wh=(160, 120), num_frames=6, num_photos=4)


@pytest.fixture(scope="session")
def tiny_capture(tmp_path_factory) -> Path:
    """Rendered once; do not write into it."""
    folder = tmp_path_factory.mktemp("captures") / "tiny"
    synthesize_capture(folder, TINY)
    return folder


@pytest.fixture
def capture_copy(tiny_capture, tmp_path) -> Path:
    """A copy to damage."""
    return shutil.copytree(tiny_capture, tmp_path / "capture")


@pytest.fixture
def video() -> RGBDVideo:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (5, 48, 64, 3)).astype(np.uint8)
    depth_mm = rng.integers(400, 3000, (5, 48, 64)).astype(np.uint16)
    K = np.array([[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1.0]])
    return RGBDVideo(rgb, depth_mm, np.arange(5) / 15, K)
