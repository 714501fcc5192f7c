"""Which recordings are taken in: known by their bytes, wherever they lie."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from xsim_core.config import ContentConfig
from xsim_core.errors import BadInputError
from xsim_core.importers.config import digest_of_dataset, is_dataset

from .picks import RolloutPicks

SUFFIX = ".rollout"


class IngestRolloutsConfig(ContentConfig):
    """Which recordings to take in. Where they lie is no part of the identity; their bytes are."""

    sources: tuple[Path, ...] = Field(exclude=True)
    """The recordings, in the order of their names; or a dataset's folder."""
    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over the digests of the recordings, in order; or over a dataset's files."""
    dataset: RolloutPicks | None = Field(default=None, exclude_if=lambda value: value is None)
    """What of a LeRobot dataset is taken; None of recordings, and then no part of the identity."""

    @staticmethod
    def of(paths: Sequence[Path], picks: RolloutPicks | None = None) -> "IngestRolloutsConfig":
        """The configuration for recordings, folders of them, or one dataset, as they are now.

        Raises:
            BadInputError: where there are none, or a dataset and something else.
        """
        datasets = [path for path in paths if is_dataset(path)]
        if datasets and len(paths) > 1:
            raise BadInputError(
                f"{datasets[0]} is a LeRobot dataset: it is taken in alone, not with "
                f"{len(paths) - 1} other folders or files."
            )
        if datasets:
            folder = datasets[0].resolve()
            return IngestRolloutsConfig(
                sources=(folder,),
                content_digest=digest_of_dataset(folder),
                dataset=picks or RolloutPicks(),
            )
        if picks is not None and picks != RolloutPicks():
            raise BadInputError(
                f"features are picked of a LeRobot dataset; {paths[0]} is none: it has no "
                "meta/info.json."
            )
        files = tuple(file for path in paths for file in recordings_in(path))
        return IngestRolloutsConfig(sources=files, content_digest=_digest(files))

    def _digest_now(self) -> str:
        return _digest(self.sources) if self.dataset is None else digest_of_dataset(self.sources[0])

    def _changed(self) -> tuple[str, str]:
        if self.dataset is not None:
            return str(self.sources[0]), "Let whoever writes it end, then start again."
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
            "wrote, or a LeRobot dataset, which holds meta/info.json."
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
