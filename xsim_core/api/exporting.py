"""An artifact as files of another tool."""

from pathlib import Path

from xsim_core.artifacts import ArtifactRef
from xsim_core.exporters import Exported, export_artifact
from xsim_core.files.folders import expanded
from xsim_core.refs import find_ref
from xsim_core.storage import ArtifactStore

from .store import StoreLike, open_store


def export(
    name: str | ArtifactRef, *, to: str, out: str | Path, store: StoreLike = None
) -> Exported:
    """Write an artifact as files that another tool reads.

    Args:
        name: ``RUN:STAGE`` (``"demo:splat"``), ``kind/fingerprint``, first digits, or a ref.
        to: the format, such as ``3dgs``; ``xsim_core.exporters.FORMATS`` lists them.
        out: a folder that is not there yet. It appears when all is written.
        store: where the artifact lies; by default ``open_store()``.

    Returns:
        The files, their size, and what of the artifact they do not hold.

    Raises:
        UnknownNameError: when there is no such artifact or format; lists what there is.
        BadInputError: when the format holds another kind, the artifact does not fit in it, or the
            folder is there already.
        MissingDependencyError: when the format needs a package that is not installed.
    """
    where = store if isinstance(store, ArtifactStore) else open_store(store)
    ref = find_ref(where, name) if isinstance(name, str) else name
    return export_artifact(where, ref, to, expanded(str(out), "out"))
