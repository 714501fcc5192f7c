"""The store, and artifacts by the names people give them."""

from pathlib import Path
from typing import TypeVar, cast

from xsim_core.artifacts import Artifact, ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.refs import find_ref
from xsim_core.runs import load_record
from xsim_core.storage import ArtifactStore, OpenArtifact, local_path, store_url

A = TypeVar("A", bound=Artifact)

StoreLike = ArtifactStore | str | Path | None
"""A store, its URL or folder, or None for the one that ``open_store()`` finds."""

LOADERS = {
    "student_policy": "load_policy",
    "splat_scene": "load_scene",
    "object_track": "load_track",
    "episode_dataset": "load_dataset",
    "evaluation": "load_evaluation",
}


def open_store(where: str | Path | None = None) -> ArtifactStore:
    """Open an artifact store that is there; nothing is created.

    Args:
        where: ``s3://bucket/prefix``, ``file:///absolute/path`` or a folder. By default what the
            command line uses: ``XSIM_STORE``, or ``store`` below ``XSIM_HOME``, which is the
            ``.xsim`` of the working directory or the nearest above it unless it is set.

    Returns:
        The store. ``list_refs()`` names what it holds; ``open(ref)`` reads one artifact's summary,
        manifest and arrays.

    Raises:
        BadInputError: when there is no such folder, or the URL cannot be used.
        UnknownNameError: for a scheme that no backend speaks.
    """
    url = store_url(where)
    folder = local_path(url)
    if folder is not None and not folder.is_dir():
        raise BadInputError(
            f"there is no store at {folder}. Name one: open_store(folder or URL), XSIM_STORE "
            "or XSIM_HOME. `make demo` makes one in .xsim of the checkout."
        )
    return ArtifactStore(url)


def open_artifact(
    name: str | ArtifactRef[A], kind: type[A] | None = None, *, store: StoreLike = None
) -> OpenArtifact[A]:
    """Open any artifact: its summary, its manifest, its arrays by name and its files.

    Args:
        name: ``RUN:STAGE`` (``"demo:splat"``), ``kind/fingerprint``, the first digits of a
            fingerprint, or a ref.
        kind: the kind it must have, such as ``xsim_core.artifacts.SplatScene``.
        store: where it lies; by default ``open_store()``.

    Returns:
        Read access. ``array(name)`` is one array in memory with the dtype and shape that the kind's
        contract states, verified against the manifest; ``frames(name)`` is a memory map.

    Raises:
        UnknownNameError: when there is none; lists what there is.
        BadInputError: when it is of another kind, or the digits fit several.
        CorruptArtifactError: when bytes in the store differ from what was committed.
    """
    where = store if isinstance(store, ArtifactStore) else open_store(store)
    ref = find_ref(where, name) if isinstance(name, str) else name
    if kind is not None and ref.kind != kind.kind:
        raise BadInputError(_wrong_kind(where, name, ref, kind.kind))
    return cast("OpenArtifact[A]", where.open(ref))


def _wrong_kind(
    store: ArtifactStore, name: str | ArtifactRef[A], ref: ArtifactRef[A], wanted: str
) -> str:
    text = f"'{name}' is {ref}, not a {wanted}."
    run, colon, _ = str(name).partition(":")
    if colon:
        stages = load_record(store, run).stages
        right = [f"{run}:{stage}" for stage, r in stages.items() if r.kind == wanted]
        text += f" Of that kind the run has {', '.join(right) or 'none'}."
    loader = LOADERS.get(ref.kind, "open_artifact")
    return f"{text} xsim_core.{loader} reads a {ref.kind}."
