"""Which recordings are taken in: known by their bytes, wherever they lie."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.errors import BadInputError

SUFFIX = ".rollout"


class IngestRolloutsConfig(StageConfig):
    """Which recordings to take in. Where they lie is no part of the identity; their bytes are."""

    sources: tuple[Path, ...] = Field(exclude=True)
    """The recordings, in the order of their names."""
    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over the digests of the recordings, in order."""

    @staticmethod
    def of(paths: Sequence[Path]) -> "IngestRolloutsConfig":
        """The configuration for recordings, or folders of them, as they are now.

        Raises:
            BadInputError: where there are none.
        """
        files = tuple(file for path in paths for file in recordings_in(path))
        return IngestRolloutsConfig(sources=files, content_digest=_digest(files))

    def check_unchanged(self) -> None:
        """Make sure that the files are those of the digest.

        Raises:
            BadInputError: when they are not.
        """
        if _digest(self.sources) != self.content_digest:
            raise BadInputError(
                f"a recording in {self.sources[0].parent} changed after it was submitted. Let the "
                "robot come to rest, then start again."
            )


def recordings_in(path: Path) -> list[Path]:
    """The recordings that a path names: one, or those of a folder, by their names.

    Raises:
        BadInputError: where there are none.
    """
    if path.is_file():
        return [path]
    found = sorted(path.glob(f"*{SUFFIX}"))
    if not found:
        raise BadInputError(
            f"{path} holds no recordings (*{SUFFIX}). Name the folder that 'xsim robot run --out' "
            "wrote."
        )
    return found


def _digest(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as data:
                total.update(hashlib.file_digest(data, "sha256").digest())
        except OSError as error:
            raise BadInputError(f"{file} cannot be read: {error.strerror}.") from error
    return total.hexdigest()
