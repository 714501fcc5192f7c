"""An artifact as a folder of another tool's files: whole or not at all, and never over another."""

import importlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.scratch import drafted
from xsim_core.storage import ArtifactStore

from .formats import Format, find_format
from .source import Source

NOTE = "xsim-export.json"
"""Says within each folder which artifact it was, and what the format could not hold."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    """Where."""
    format: Format
    """As what."""
    files: tuple[str, ...]
    """Names below the folder, sorted."""
    num_bytes: int
    """Of all of them."""
    notes: tuple[str, ...]
    """What of this artifact was left out or changed, a sentence each."""


def export_artifact(store: ArtifactStore, ref: ArtifactRef, to: str, folder: Path) -> Exported:
    """Write an artifact's verified content as files of another tool.

    Args:
        store: has the artifact, and what it was made from.
        ref: what to write.
        to: a name of ``FORMATS`` that holds its kind.
        folder: a path at which nothing is yet. It appears when all is written.

    Returns:
        The files, their size, and what they do not hold.

    Raises:
        UnknownNameError: when there is no such format.
        BadInputError: when it holds another kind, this artifact does not fit in it, or there is
            something at the path already.
        MissingDependencyError: when the format needs a package that is not installed.
        CorruptArtifactError: when the stored bytes are not those that were committed.
    """
    artifact = store.open(ref)
    chosen = find_format(to, ref, artifact.manifest)
    if folder.exists() or folder.is_symlink():
        raise BadInputError(
            f"{folder} is there already, and an export replaces nothing. Name another folder, "
            "or remove it first."
        )
    _require_packages(chosen)
    module, _, function = chosen.write.partition(":")
    write = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    with drafted(folder) as draft:
        draft.mkdir()
        notes = tuple(write(Source(artifact, store), draft))
        told = {
            "artifact": str(artifact.ref),
            "made_by": f"{artifact.manifest.stage} v{artifact.manifest.stage_version}",
            "format": chosen.name,
            "not_held": chosen.loses,
            "notes": notes,
        }
        (draft / NOTE).write_text(json.dumps(told, indent=1) + "\n")
        paths = sorted(p for p in draft.rglob("*") if p.is_file())
        files = tuple(str(p.relative_to(draft)) for p in paths)
        num_bytes = sum(p.stat().st_size for p in paths)
    return Exported(folder, chosen, files, num_bytes, notes)


def _require_packages(chosen: Format) -> None:
    missing = [p for p in chosen.packages if importlib.util.find_spec(p) is None]
    if missing:
        raise MissingDependencyError(
            f"writing {chosen.name} needs {', '.join(missing)}, which is not installed here. "
            f"Run `make setup` in a checkout, or pip install 'xsim[{chosen.extra}]'."
        )
