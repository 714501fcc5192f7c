"""A proposal on disk: never over a file that somebody wrote."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.layout import CAPTURE_FILE
from xsim_core.capture.recognise.facts import FirstBox
from xsim_core.errors import BadInputError
from xsim_core.scratch import write_bytes, write_text

from .picture import frame_picture
from .proposal import Proposal
from .text import capture_text

PICTURE_FILE = "init_frame.png"


@dataclass(frozen=True)
class Written:
    """The files that were made."""

    file: Path
    picture: Path | None
    kept: Path | None
    """What was there before, under its new name."""


def check_free(path: Path, *, force: bool) -> None:
    """Refuse to replace a file, before anything is looked at.

    Raises:
        BadInputError: when it is there.
    """
    if path.exists() and not force:
        raise BadInputError(
            f"{path} is there already and is not touched. --force keeps it under another name and "
            "writes a new one; --to FILE writes elsewhere."
        )


def write_proposal(
    path: Path,
    proposal: Proposal,
    frame: NDArray[np.uint8] | None,
    box: FirstBox | None,
    *,
    force: bool = False,
) -> Written:
    """Write the file, and beside it the frame in which the object is boxed.

    Args:
        path: of the file; ``capture.yaml`` in the capture, or elsewhere.
        proposal: its content.
        frame: of the video (h, w, 3).
        box: the object's.
        force: keep a file that is there as ``capture.yaml.1`` and so on.

    Raises:
        BadInputError: when it is there and not to be replaced.
    """
    check_free(path, force=force)
    kept = _keep(path) if path.exists() else None
    write_text(path, capture_text(proposal.lines))
    picture = None
    if frame is not None:
        picture = path.with_name(PICTURE_FILE if path.name == CAPTURE_FILE else f"{path.stem}.png")
        write_bytes(picture, frame_picture(frame, box))
    return Written(path, picture, kept)


def _keep(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    path.rename(kept)
    return kept
