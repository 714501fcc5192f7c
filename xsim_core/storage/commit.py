"""The commit protocol: an artifact appears whole and once, or not at all.

1. An *attempt* writes its objects below a prefix that only it knows.
2. It is *digested*: everything it wrote is there, is what was sent, and survives a power cut.
3. It is *claimed*: a sweep that has condemned it loses, or has won and the attempt fails.
4. Its manifest is *published*, last and only if absent: the first of several attempts wins. It is
   flushed before it has its name, and its name before the ref is answered.

Answers may be lost at any step. Whether the manifest of this attempt is there is then asked of the
store; while that is in doubt, the payload stays.
"""

import contextlib
import hashlib
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError

from xsim_core.artifacts.base import ArtifactRef, Manifest, ObjectRecord
from xsim_core.errors import CorruptArtifactError, MissingArtifactError, XSimError

from .object_store.objects import Objects
from .object_store.patience import reread
from .object_store.payload import (
    MANIFEST_LIMIT_BYTES,
    NUM_READS,
    altered_attempt,
    parse_manifest,
    seal,
)

if TYPE_CHECKING:
    from .writer import ArtifactWriter

PUBLISH_TRIES = 4


def read_manifest(objects: Objects, ref: ArtifactRef) -> Manifest | None:
    """The manifest, or None when the artifact does not exist; read again before it counts as bad.

    Raises:
        CorruptArtifactError: when it is not one.
    """
    path = f"{ref}/manifest.json"
    try:
        return reread(lambda: parse_manifest(objects.read(path, limit=MANIFEST_LIMIT_BYTES), ref))
    except FileNotFoundError:
        return None


def digest(objects: Objects, writer: "ArtifactWriter") -> tuple[ObjectRecord, ...]:
    """Read back what the attempt wrote, and flush it to the disk.

    Raises:
        MissingArtifactError: when something was removed since.
        CorruptArtifactError: when something is not what was sent.
        XSimError, OSError: when the disk refuses.
    """
    there = objects.paths(writer.prefix + "/")
    lost = sorted(writer.sent.keys() - set(there))
    if lost:
        raise MissingArtifactError(
            f"{lost[0]} was removed while the stage ran. Run again; give 'xsim gc' a grace period "
            "longer than any stage."
        )
    objects.flush(there)
    return tuple(_read_back(objects, writer, path) for path in sorted(there))


def _read_back(objects: Objects, writer: "ArtifactWriter", path: str) -> ObjectRecord:
    expected = writer.sent.get(path)
    for _ in range(NUM_READS):
        data = objects.read(path)
        found = hashlib.sha256(data).hexdigest()
        if found == expected:
            relative = path.removeprefix(f"{writer.kind}/{writer.fingerprint}/")
            return ObjectRecord(path=relative, size=len(data), sha256=found)
    raise altered_attempt(path)


def claim_attempt(objects: Objects, attempt: str) -> None:
    """Save ``kind/fingerprint/attempt`` from a sweep that has condemned it, if any has.

    Who writes the verdict first decides, the sweeper or we: create-if-absent is all we need.

    Raises:
        MissingArtifactError: when the sweeper was first.
    """
    verdict = f"gc/{attempt}/verdict"
    while objects.paths(f"gc/{attempt}/"):
        if objects.create(verdict, b"claimed"):
            return
        with contextlib.suppress(FileNotFoundError):
            objects.read(verdict)
            raise MissingArtifactError(
                f"{attempt} is just being removed by 'xsim gc'. Run again: it will be made "
                "anew. If this stays, a sweep was killed: 'xsim gc --delete' finishes it."
            )


def publish(objects: Objects, writer: "ArtifactWriter", manifest: Manifest) -> None:
    """Create the manifest unless another attempt's is there; then this attempt is discarded.

    Raises:
        StoreUnreachableError: when the store does not answer; ``writer.in_doubt`` then stays set.
    """
    path, body = f"{manifest.ref}/manifest.json", seal(manifest)
    for _ in range(PUBLISH_TRIES):
        writer.in_doubt = True
        if objects.create(path, body):
            _mend_manifest(objects, manifest.ref, body)
            return
        winner = read_manifest(objects, manifest.ref)
        if winner is None:
            continue  # It was removed in between.
        if winner.attempt != writer.attempt:
            writer.in_doubt = False
            with contextlib.suppress(BaseError, OSError, XSimError):  # A sweep will.
                discard(objects, writer)
            claim_attempt(objects, f"{manifest.ref}/{winner.attempt}")
        return
    raise CorruptArtifactError(
        f"{path} is created and removed by somebody else all the time. Run one 'xsim gc' only."
    )


def _mend_manifest(objects: Objects, ref: ArtifactRef, body: bytes) -> None:
    """Write our manifest again if it was altered on its way: nobody can use a damaged one.

    Left there, it would bar the way for ever.
    """
    try:
        read_manifest(objects, ref)
    except CorruptArtifactError:
        objects.write(f"{ref}/manifest.json", body)
        read_manifest(objects, ref)


def discard(objects: Objects, writer: "ArtifactWriter") -> None:
    """Remove what an attempt wrote, unless its manifest may have been published."""
    if not writer.in_doubt:
        objects.delete(objects.paths(writer.prefix + "/"))
