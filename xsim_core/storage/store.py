"""The artifact store: begin, commit, open, verify, delete, and records for people.

Layout below the store's URL::

    <kind>/<fingerprint>/manifest.json          written last, put-if-absent
    <kind>/<fingerprint>/<attempt>/data.zarr/…  the payload, a Zarr v3 group
    <kind>/<fingerprint>/<attempt>/files/…      pictures and other files for people
    runs/<run-name>.json                        names for people: stage -> ref
    pins/<name>.json                            refs to keep whatever the runs say
    nights/<task>/<number>.json                 what each night of retraining did (flows)
    gc/…                                        sentences of ``xsim gc`` (see ``collect``)

Nothing is read unless a manifest names it, so half-written attempts are invisible.
"""

import contextlib
import os
import re
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from pydantic import ValidationError

from xsim_core.artifacts.base import A, Artifact, ArtifactRef, Manifest
from xsim_core.errors import (
    BadInputError,
    CorruptArtifactError,
    MissingArtifactError,
    UnknownNameError,
)

from . import commit as protocol
from .object_store.address import local_path
from .record_store import RecordStore
from .runtime import Progress, Runtime, no_progress

if TYPE_CHECKING:
    # They bring Zarr: to look for artifacts and records takes a third of the time without.
    from .reader import OpenArtifact
    from .writer import ArtifactWriter


class ArtifactStore(RecordStore):
    """Content-addressed artifacts below one URL."""

    def __init__(
        self, url: str, *, scratch_root: Path | None = None, is_flushed: bool | None = None
    ) -> None:
        """Open the store; ``file://`` folders are created.

        Args:
            url: ``file:///absolute/path``, ``s3://bucket/prefix`` or ``memory://``.
            scratch_root: where stages keep resumable work; a folder beside a ``file://`` store, or
                this user's in the temporary directory.
            is_flushed: whether a ``file://`` store waits until what it answers is on the disk; as
                ``XSIM_STORE_FSYNC`` says by default. Without, a power cut may leave artifacts that
                are there and damaged: for stores that are thrown away.

        Raises:
            UnknownNameError, BadInputError: when it is no address of a store, or not ours to use.
        """
        super().__init__(url, is_flushed=is_flushed)
        self.scratch_root = scratch_root or _scratch_of(self.url)

    def manifest(self, ref: ArtifactRef) -> Manifest | None:
        """The manifest, or None when the artifact does not exist."""
        return protocol.read_manifest(self._objects, ref)

    def claim(self, ref: ArtifactRef) -> bool:
        """Whether ``ref`` can be reused; from then on a running ``xsim gc`` leaves it alone."""
        manifest = self.manifest(ref)
        if manifest is None:
            return False
        self._objects.settle(f"{ref}/manifest.json")
        protocol.claim_attempt(self._objects, f"{ref}/{manifest.attempt}")
        return True

    @overload
    def open(self, ref: ArtifactRef[A], kind: None = None) -> "OpenArtifact[A]": ...
    @overload
    def open(self, ref: ArtifactRef, kind: type[A]) -> "OpenArtifact[A]": ...
    def open(self, ref: ArtifactRef, kind: type[Artifact] | None = None) -> "OpenArtifact":
        """Open a committed artifact.

        Raises:
            MissingArtifactError: when no manifest exists, or its kind is not the one asked for.
        """
        manifest = self.manifest(ref)
        if manifest is None:
            raise MissingArtifactError(
                f"{ref} is not in {self.url}. Run its stage, or check the store's URL."
            )
        from xsim_core.artifacts.kinds import KINDS

        model = KINDS.get(manifest.kind)
        if model is None:
            raise UnknownNameError("artifact kind", manifest.kind, KINDS)
        if kind is not None and kind is not model:
            raise MissingArtifactError(f"{ref} is a {manifest.kind}, not a {kind.kind}")
        try:
            summary = model.model_validate(manifest.summary)
        except ValidationError as error:
            raise CorruptArtifactError(
                f"the summary of {ref} is not that of a {manifest.kind}: {error.errors()[0]['msg']}"
            ) from None
        from .reader import OpenArtifact

        return OpenArtifact(ref, manifest, summary, self._objects, self.scratch_root / "cache")

    def list_refs(self, kind: str | None = None) -> list[ArtifactRef]:
        """Refs of all committed artifacts."""
        from xsim_core.artifacts.kinds import KINDS

        refs = []
        for path in (p for k in ([kind] if kind else KINDS) for p in self._objects.paths(f"{k}/")):
            parts = path.split("/")
            if len(parts) == 3 and parts[2] == "manifest.json":
                # A folder of somebody else's below ours is no artifact.
                with contextlib.suppress(ValidationError):
                    refs.append(ArtifactRef(kind=parts[0], fingerprint=parts[1]))
        return sorted(refs, key=str)

    def begin(
        self,
        kind: str,
        fingerprint: str,
        *,
        runtime: Runtime | None = None,
        progress: Progress | None = None,
    ) -> "ArtifactWriter":
        """Start an attempt."""
        from .writer import ArtifactWriter

        return ArtifactWriter(
            kind,
            fingerprint,
            uuid.uuid4().hex[:12],
            self._objects,
            self.scratch_of(ArtifactRef(kind=kind, fingerprint=fingerprint)),
            runtime or Runtime(),
            progress or no_progress,
        )

    def scratch_of(self, ref: ArtifactRef) -> Path:
        """The local folder where the stage that makes this keeps work for its next try."""
        return self.scratch_root / ref.kind / ref.fingerprint

    def commit(self, writer: "ArtifactWriter", summary: A, **record: Any) -> ArtifactRef[A]:
        """Check the payload, then publish it; the first commit of a fingerprint wins.

        Args:
            writer: the attempt to publish.
            summary: the artifact's summary.
            record: the manifest's ``stage, stage_version, config, inputs, provenance``.

        Raises:
            BadInputError: when the payload breaks the kind's contract.
        """
        import zarr

        from xsim_core.artifacts.schema import check_arrays

        objects = protocol.digest(self._objects, writer)
        nodes = dict(writer.group.members(max_depth=None))
        arrays = {n: a for n, a in nodes.items() if isinstance(a, zarr.Array)}
        check_arrays(summary.arrays, arrays, what=str(writer.kind))
        manifest = Manifest(
            kind=writer.kind,
            fingerprint=writer.fingerprint,
            attempt=writer.attempt,
            summary=summary.model_dump(mode="json"),
            objects=objects,
            **record,
        )
        protocol.claim_attempt(self._objects, writer.prefix)
        protocol.publish(self._objects, writer, manifest)
        writer.clear_scratch()
        return manifest.ref.of(type(summary))

    def discard(self, writer: "ArtifactWriter") -> None:
        """Remove what an attempt wrote, unless its manifest may have been published."""
        protocol.discard(self._objects, writer)

    def delete(self, ref: ArtifactRef) -> None:
        """Remove an artifact: its manifest first, so that it is never half there.

        Other attempts at the same fingerprint stay: they may be on their way to a commit.
        """
        manifest = self.manifest(ref)
        if manifest is None:
            return
        self.withdraw(ref)
        self.delete_objects(self._objects.paths(f"{ref}/{manifest.attempt}/"))

    def withdraw(self, ref: ArtifactRef) -> None:
        """Remove an artifact's manifest, for good; its payload is an attempt that nobody names."""
        self._objects.withdraw(f"{ref}/manifest.json")

    def forget(self, ref: ArtifactRef) -> list[str]:
        """Remove a damaged artifact, so that the next run makes it anew; answers its damage.

        One that is whole stays, and the answer is empty.

        Raises:
            MissingArtifactError: when there is none.
        """
        try:
            if self.manifest(ref) is None:
                raise MissingArtifactError(f"{ref} is not in {self.url}: nothing to forget")
            damage = self.verify(ref)
            if damage:
                self.delete(ref)
        except CorruptArtifactError as error:
            damage = [str(error)]
            self.withdraw(ref)  # A sweep removes the rest.
        return damage

    def verify(self, ref: ArtifactRef) -> list[str]:
        """Re-read every object; one sentence for each that is missing, truncated or altered."""
        try:
            return self.open(ref).verify()
        except CorruptArtifactError as error:
            return [str(error)]

    def pin(self, name: str, ref: ArtifactRef) -> None:
        """Keep an artifact and all it was made from, whatever the runs say.

        Raises:
            MissingArtifactError: when it is not in the store.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
            raise BadInputError(
                f"pin name '{name}': use letters, digits, dots, dashes, underscores"
            )
        if not self.claim(ref):
            raise MissingArtifactError(f"{ref} is not in {self.url}")
        self.put_record(f"pins/{name}.json", {"ref": str(ref)})


def _scratch_of(url: str) -> Path:
    """Where this user keeps what no other process may take for its own."""
    store = local_path(url)
    if store is not None:
        beside = store.with_name(store.name + ".scratch")
        if os.access(beside if beside.exists() else store.parent, os.W_OK):
            return beside
    return Path(tempfile.gettempdir()) / f"xsim-scratch-{os.getuid()}"
