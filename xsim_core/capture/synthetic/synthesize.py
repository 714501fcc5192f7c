"""An honest input of our own making: photos, an RGB-D video of a hand at work, and a world."""

import shutil
from pathlib import Path

from xsim_core.capture.layout import truth_folder
from xsim_core.capture.librealsense import load_librealsense
from xsim_core.scratch import drafted
from xsim_core.storage import Progress

from .scenario import SynthesizeConfig
from .studio import Studio


def synthesize_capture(
    folder: Path, config: SynthesizeConfig, progress: Progress | None = None
) -> None:
    """Render a capture to ``folder`` and its ground truth to ``<folder>.truth``.

    Both appear complete or not at all; what was there before is replaced.
    """
    progress = progress or (lambda fraction, figures: None)
    load_librealsense()  # Fails now rather than after a minute of rendering.
    with drafted(folder) as capture, drafted(truth_folder(folder)) as truth:
        for draft in (capture, truth):
            draft.mkdir()
        Studio(config, progress).film(capture, truth)
        for before in (folder, truth_folder(folder)):
            shutil.rmtree(before, ignore_errors=True)
    progress(1.0, {})
