"""An honest input of our own making: photos, an RGB-D video of a hand at work, and a world."""

import shutil
from pathlib import Path

from xsim_core.storage import Progress

from .layout import truth_folder
from .librealsense import load_librealsense
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
    drafts = (
        folder.with_name(f".{folder.name}.draft"),
        folder.with_name(f".{folder.name}.truth.draft"),
    )
    for draft in drafts:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
    Studio(config, progress).film(*drafts)
    for draft, final in zip(drafts, (folder, truth_folder(folder)), strict=True):
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
    progress(1.0, {})
