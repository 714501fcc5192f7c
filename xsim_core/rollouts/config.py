"""Which recordings are taken in: known by their bytes, wherever they lie."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from xsim_core.config import ContentConfig
from xsim_core.errors import BadInputError

SUFFIX = ".rollout"


class IngestRolloutsConfig(ContentConfig):
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

    def _digest_now(self) -> str:
        return _digest(self.sources)

    def _changed(self) -> tuple[str, str]:
        where = self.sources[0].parent
        return f"a recording in {where}", "Let the robot come to rest, then start again."


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
