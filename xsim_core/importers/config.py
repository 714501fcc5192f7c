"""Which dataset is taken in, and what of it: known by its bytes, wherever it lies."""

import hashlib
from pathlib import Path

from pydantic import Field

from xsim_core.config import ContentConfig, FrozenModel
from xsim_core.errors import BadInputError

PARTS = ("meta", "data", "videos")
"""Folders of a LeRobot dataset that are read; a cache or a README beside them is no part of it."""


def is_dataset(folder: Path) -> bool:
    """Whether a folder is a LeRobot dataset."""
    return (folder / "meta/info.json").is_file()


class Picks(FrozenModel):
    """What of a dataset becomes the student's observation and action."""

    camera: str = ""
    """The feature with the pictures; "": the only one there is."""
    state: tuple[str, ...] = ("observation.state",)
    """Features, joined in this order; ``FEATURE:NAME,NAME`` takes some of its numbers."""
    action: tuple[str, ...] = ("action",)
    """Likewise."""
    instruction: tuple[str, ...] = ()
    """Episodes of these instructions alone; (): all, where there is only one."""
    task: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")
    """What the dataset is said to be for; "": the world's task, or made of the instruction."""
    image_hw: tuple[int, int] | None = None
    """Height and width that pictures are brought to; None: the student's, at their own aspect."""


class IngestEpisodesConfig(ContentConfig):
    """Which dataset to take in. Where it lies is no part of the identity; its bytes are."""

    source: Path = Field(exclude=True)
    """The dataset's folder, which holds ``meta/info.json``."""
    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over names and bytes of its files."""
    picks: Picks = Picks()
    """What of it."""

    @staticmethod
    def of(folder: Path, picks: Picks | None = None) -> "IngestEpisodesConfig":
        """The configuration for a dataset as it is now; reads every byte.

        Raises:
            BadInputError: where there is none.
        """
        folder = folder.resolve()
        if not is_dataset(folder):
            raise BadInputError(
                f"{folder} is no LeRobot dataset: it has no meta/info.json. Name the folder that "
                "holds meta/ and data/ (of a Hub download, the one below snapshots/)."
            )
        return IngestEpisodesConfig(
            source=folder, content_digest=digest_of_dataset(folder), picks=picks or Picks()
        )

    def _digest_now(self) -> str:
        return digest_of_dataset(self.source)

    def _changed(self) -> tuple[str, str]:
        return str(self.source), "Let whoever writes it end, then start again."


def digest_of_dataset(folder: Path) -> str:
    """SHA-256 over names and bytes of a dataset's files.

    Raises:
        BadInputError: where they cannot be read.
    """
    total = hashlib.sha256()
    try:
        for path in sorted(p for part in PARTS for p in (folder / part).rglob("*") if p.is_file()):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()!a}\0{content}\n".encode())
    except OSError as error:
        raise BadInputError(f"{folder} cannot be read: {error}") from error
    return total.hexdigest()
