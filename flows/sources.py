"""What belongs to a capture on disk: the recording itself, and truth and world beside it."""

from pathlib import Path

from xsim_core.stages import INGEST_CAPTURE

IngestConfig = INGEST_CAPTURE.config
from xsim_core.config import FrozenModel


class Sources(FrozenModel):
    """One ingest configuration for each thing that is there."""

    capture: IngestConfig
    truth: IngestConfig | None = None
    """Only synthesised captures have it; nothing but ``evaluate`` may open what comes of it."""
    world: IngestConfig | None = None
    """The world to deploy into; real captures have a robot instead."""


def find_sources(folder: Path) -> Sources:
    """Look what a capture's folder holds.

    Raises:
        BadInputError: when it is not a capture.
    """
    raise NotImplementedError(folder)
