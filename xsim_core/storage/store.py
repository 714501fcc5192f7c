"""The artifact store: commit, open, verify, delete.

Layout below the store's URL::

    <kind>/<fingerprint>/manifest.json          written last, put-if-absent
    <kind>/<fingerprint>/<attempt>/data.zarr/…  the payload, a Zarr v3 group
    <kind>/<fingerprint>/<attempt>/files/…      pictures and other files for people
    runs/<run-name>.json                        names for people: stage -> ref
    pins/<name>.json                            refs to keep whatever the runs say
    gc/…                                        sentences of ``xsim gc`` (see ``collect``)

Nothing is read unless a manifest names it, so half-written attempts are invisible.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from urllib.parse import unquote, urlparse

import numpy as np
import obstore
import zarr
from numpy.typing import NDArray
from obstore.exceptions import AlreadyExistsError, BaseError
from pydantic import ValidationError
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec
from zarr.storage import ObjectStore

from xsim_core.artifacts.base import Artifact, ArtifactRef, Manifest, ObjectRecord
from xsim_core.artifacts.kinds import KINDS
from xsim_core.artifacts.schema import check_arrays
from xsim_core.config import FrozenModel
from xsim_core.errors import (
    BadInputError,
    CorruptArtifactError,
    MissingArtifactError,
    UnknownNameError,
)

from .backends import check_create_if_absent, open_backend
from .frames import local_frames
from .payload import MANIFEST_LIMIT_BYTES, VerifiedStore, check_bytes, parse_manifest

A = TypeVar("A", bound=Artifact)

FRAMES_PER_SHARD = 500
PUBLISH_TRIES = 4
PUBLISH_WAIT_S = 0.1


class Runtime(FrozenModel):
    """Where and how wide a stage runs. Never part of an artifact's identity."""

    device: str = "cpu"
    num_workers: int = 2


Progress = Callable[[float, dict[str, float]], None]
"""Called with the fraction done in [0, 1] and the key figures so far."""


def _no_progress(fraction: float, figures: dict[str, float]) -> None:
    del fraction, figures


class _AttemptStore(ObjectStore):
    """Writes below one prefix only: Zarr would mark every folder above as a group as well."""

    def __init__(self, store: Any, *, prefix: str, read_only: bool = False) -> None:
        super().__init__(store, read_only=read_only)
        self.prefix = prefix

    def with_read_only(self, read_only: bool = False) -> "_AttemptStore":  # noqa: FBT001, FBT002
        return _AttemptStore(self.store, prefix=self.prefix, read_only=read_only)

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        # Zarr looks into every folder above for groups; there are none.
        return (
            await super().get(key, prototype, byte_range) if key.startswith(self.prefix) else None
        )

    async def set(self, key: str, value: Any) -> None:
        if key.startswith(self.prefix):
            await super().set(key, value)

    async def set_if_not_exists(self, key: str, value: Any) -> None:
        # Nobody else writes into this attempt, and unlike a conditional put this one is retried.
        if key.startswith(self.prefix) and not await self.exists(key):
            await super().set(key, value)


@dataclass(frozen=True)
class OpenArtifact(Generic[A]):
    """Read access to one committed artifact."""

    ref: ArtifactRef[A]
    manifest: Manifest
    summary: A
    _backend: Any
    cache_dir: Path

    @property
    def prefix(self) -> str:
        """Where the payload lies below the store's URL."""
        return f"{self.ref}/{self.manifest.attempt}"

    @cached_property
    def group(self) -> zarr.Group:
        """The payload, read-only."""
        store = VerifiedStore(self._backend, self.manifest)
        return zarr.open_group(store, path=f"{self.prefix}/data.zarr", mode="r", zarr_format=3)

    def array(self, name: str) -> NDArray[Any]:
        """One whole array in memory."""
        return np.asarray(self._node(name)[...])

    def frames(self, name: str) -> NDArray[Any]:
        """One whole array as a read-only memory map of a local copy, for random access.

        The copy is made and verified once for each content and shared by all processes.
        """
        return local_frames(self._backend, self.manifest, self._node(name), name, self.cache_dir)

    def _node(self, name: str) -> zarr.Array:
        node = self.group.get(name)
        if not isinstance(node, zarr.Array):
            raise MissingArtifactError(
                f"{self.ref} has no array '{name}' (it has {', '.join(self.array_names)})"
            )
        return node

    @cached_property
    def array_names(self) -> tuple[str, ...]:
        """Names of all arrays, sorted."""
        return tuple(sorted(_walk_arrays(self.group)))

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """All arrays below ``prefix/``, keyed by the rest of their names."""
        cut = len(prefix) + 1
        names = [n for n in self.array_names if n.startswith(prefix + "/")]
        return {n[cut:]: self.array(n) for n in names}

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """Pictures and other files for people."""
        start = f"{self.manifest.attempt}/files/"
        return tuple(
            o.path[len(start) :] for o in self.manifest.objects if o.path.startswith(start)
        )

    def read_file(self, name: str) -> bytes:
        """The bytes of one of ``file_names``."""
        if name not in self.file_names:
            raise UnknownNameError(f"file of {self.ref}", name, self.file_names)
        path = f"{self.manifest.attempt}/files/{name}"
        data = bytes(obstore.get(self._backend, f"{self.ref}/{path}").bytes())
        check_bytes(data, next(o for o in self.manifest.objects if o.path == path), path)
        return data


def _walk_arrays(group: zarr.Group) -> Iterator[str]:
    for name, node in group.members(max_depth=None):
        if isinstance(node, zarr.Array):
            yield name


@dataclass
class ArtifactWriter:
    """Where a stage puts its payload: one attempt, invisible until it is committed."""

    kind: str
    fingerprint: str
    attempt: str
    _backend: Any
    _scratch: Path
    runtime: Runtime = field(default_factory=Runtime)
    progress: Progress = _no_progress
    in_doubt: bool = False
    """Whether the manifest was sent: from then on these objects may be the artifact."""
    promised: set[str] = field(default_factory=set)
    """Objects that must be there at commit."""

    @property
    def prefix(self) -> str:
        """Where this attempt's objects lie below the store's URL."""
        return f"{self.kind}/{self.fingerprint}/{self.attempt}"

    @cached_property
    def group(self) -> zarr.Group:
        """The payload's Zarr group."""
        path = f"{self.prefix}/data.zarr"
        store = _AttemptStore(self._backend, prefix=path)
        return zarr.open_group(store, path=path, mode="a", zarr_format=3)

    def create(self, name: str, *, shape: tuple[int, ...], dtype: Any) -> zarr.Array:
        """An array to fill piece by piece. Frame-like arrays get one chunk a frame, in shards.

        Raises:
            BadInputError: for dtypes that would need pickle.
        """
        dtype = np.dtype(dtype)
        if dtype.kind not in "biuf":
            raise BadInputError(f"array '{name}': dtype {dtype} is not plain numbers")
        self.promised.add(f"data.zarr/{name}/zarr.json")
        num_frames = shape[0] if shape else 1
        is_frames = len(shape) >= 3 and dtype.kind == "u" and min(shape) > 0
        if is_frames:
            chunk = (1, *shape[1:])
            shard = (min(FRAMES_PER_SHARD, num_frames), *shape[1:])
            # Raw chunks under a checksum can be memory-mapped; depth compresses, colour does not.
            packed = (ZstdCodec(level=1),) if dtype.itemsize > 1 else ()
            return self.group.create_array(
                name, shape=shape, dtype=dtype, chunks=chunk, shards=shard,
                compressors=(*packed, Crc32cCodec()), fill_value=0,
            )  # fmt: skip
        chunk = tuple(max(1, s) for s in shape)
        return self.group.create_array(
            name, shape=shape, dtype=dtype, chunks=chunk or "auto", serializer=BytesCodec(),
            compressors=(ZstdCodec(level=3, checksum=True),), fill_value=0,
        )  # fmt: skip

    def write(self, name: str, values: Any) -> None:
        """A whole array at once."""
        values = np.asarray(values)
        self.create(name, shape=values.shape, dtype=values.dtype)[...] = values

    def write_all(self, arrays: dict[str, Any], *, prefix: str = "") -> None:
        """Several whole arrays."""
        for name, values in arrays.items():
            self.write(f"{prefix}/{name}" if prefix else name, values)

    def add_file(self, name: str, data: bytes) -> None:
        """A picture or another file for people, beside the payload."""
        self.promised.add(f"files/{name}")
        obstore.put(self._backend, f"{self.prefix}/files/{name}", data)

    def scratch(self) -> Path:
        """A local folder that survives failures of this fingerprint and goes at commit."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch


class ArtifactStore:
    """Content-addressed artifacts below one URL."""

    def __init__(self, url: str, *, scratch_root: Path | None = None) -> None:
        """Open the store; ``file://`` folders are created.

        Args:
            url: ``file:///absolute/path``, ``s3://bucket/prefix`` or ``memory://``.
            scratch_root: where stages keep resumable work; a folder beside a ``file://`` store, or
                in the temporary directory.
        """
        self.url = url
        self._backend = open_backend(url)
        default = (
            Path(unquote(urlparse(url).path) + ".scratch") if url.startswith("file:") else None
        )
        fallback = Path(tempfile.gettempdir()) / "xsim-scratch"
        self.scratch_root = scratch_root or default or fallback

    def manifest(self, ref: ArtifactRef[Any]) -> Manifest | None:
        """The manifest, or None when the artifact does not exist."""
        path = f"{ref}/manifest.json"
        try:
            if obstore.head(self._backend, path)["size"] > MANIFEST_LIMIT_BYTES:
                raise CorruptArtifactError(f"{path} is larger than {MANIFEST_LIMIT_BYTES} bytes")
            raw = bytes(obstore.get(self._backend, path).bytes())
        except FileNotFoundError:
            return None
        return parse_manifest(raw, ref)

    def check_create_if_absent(self) -> None:
        """Prove on the very bucket that racing workers are kept apart (see ``backends``).

        Raises:
            BadInputError: when they would not be.
        """
        check_create_if_absent(self._backend, self.url)

    def claim(self, ref: ArtifactRef[Any]) -> bool:
        """Whether ``ref`` can be reused; from then on a running ``xsim gc`` leaves it alone."""
        manifest = self.manifest(ref)
        if manifest is None:
            return False
        self._claim_attempt(f"{ref}/{manifest.attempt}")
        return True

    def _claim_attempt(self, attempt: str) -> None:
        """Save ``kind/fingerprint/attempt`` from a sweep that has condemned it, if any has.

        Who writes the verdict first decides, the sweeper or we: create-if-absent is all we need.
        """
        verdict = f"gc/{attempt}/verdict"
        while self._list(f"gc/{attempt}/"):
            with contextlib.suppress(AlreadyExistsError):
                obstore.put(self._backend, verdict, b"claimed", mode="create")
                return
            with contextlib.suppress(FileNotFoundError):
                if bytes(obstore.get(self._backend, verdict).bytes()) == b"claimed":
                    return
                raise MissingArtifactError(
                    f"{attempt} is just being removed by 'xsim gc'. Run again: it will be made "
                    "anew. If this stays, a sweep was killed: 'xsim gc --delete' finishes it."
                )

    def open(self, ref: ArtifactRef[A], kind: type[A] | None = None) -> OpenArtifact[A]:
        """Open a committed artifact.

        Raises:
            MissingArtifactError: when no manifest exists, or its kind is not the one asked for.
        """
        manifest = self.manifest(ref)
        if manifest is None:
            raise MissingArtifactError(
                f"{ref} is not in {self.url}. Run its stage, or check the store's URL."
            )
        model = KINDS.get(manifest.kind)
        if model is None:
            raise UnknownNameError("artifact kind", manifest.kind, KINDS)
        if kind is not None and kind is not model:
            raise MissingArtifactError(f"{ref} is a {manifest.kind}, not a {kind.kind}")
        try:
            summary = cast(A, model.model_validate(manifest.summary))
        except ValidationError as error:
            raise CorruptArtifactError(
                f"the summary of {ref} is not that of a {manifest.kind}: {error.errors()[0]['msg']}"
            ) from None
        return OpenArtifact(ref, manifest, summary, self._backend, self.scratch_root / "cache")

    def list_refs(self, kind: str | None = None) -> list[ArtifactRef[Any]]:
        """Refs of all committed artifacts."""
        prefix = f"{kind}/" if kind else ""
        refs = []
        for path in self._list(prefix):
            parts = path.split("/")
            if len(parts) == 3 and parts[2] == "manifest.json" and parts[0] in KINDS:
                refs.append(ArtifactRef(kind=parts[0], fingerprint=parts[1]))
        return sorted(refs, key=str)

    def begin(
        self, kind: str, fingerprint: str, *, runtime: Runtime | None = None,
        progress: Progress | None = None,
    ) -> ArtifactWriter:  # fmt: skip
        """Start an attempt."""
        return ArtifactWriter(
            kind, fingerprint, uuid.uuid4().hex[:12], self._backend,
            self.scratch_root / kind / fingerprint, runtime or Runtime(), progress or _no_progress,
        )  # fmt: skip

    def commit(self, writer: ArtifactWriter, summary: Artifact, **record: Any) -> ArtifactRef[Any]:
        """Check the payload, then publish it; the first commit of a fingerprint wins.

        Args:
            writer: the attempt to publish.
            summary: the artifact's summary.
            record: the manifest's ``stage, stage_version, config, inputs, provenance``.

        Raises:
            BadInputError: when the payload breaks the kind's contract.
        """
        cut = len(writer.prefix) + 1
        lost = writer.promised - {path[cut:] for path in self._list(writer.prefix + "/")}
        if lost:
            raise MissingArtifactError(
                f"{writer.prefix}: {sorted(lost)[0]} was removed while the stage ran. Run again; "
                "give 'xsim gc' a grace period longer than any stage."
            )
        nodes = dict(writer.group.members(max_depth=None))
        arrays = {n: a for n, a in nodes.items() if isinstance(a, zarr.Array)}
        check_arrays(summary.arrays, arrays, what=str(writer.kind))
        manifest = Manifest(
            kind=writer.kind, fingerprint=writer.fingerprint, attempt=writer.attempt,
            summary=summary.model_dump(mode="json"), objects=self._digest(writer), **record,
        )  # fmt: skip
        self._claim_attempt(writer.prefix)
        self._publish(writer, manifest)
        shutil.rmtree(writer._scratch, ignore_errors=True)
        return manifest.ref

    def _publish(self, writer: ArtifactWriter, manifest: Manifest) -> None:
        path, body = f"{manifest.ref}/manifest.json", manifest.model_dump_json(indent=1).encode()
        for attempt in range(PUBLISH_TRIES):
            writer.in_doubt = True
            try:
                obstore.put(self._backend, path, body, mode="create")
                return
            except AlreadyExistsError:
                # Either another worker was first, or our own put succeeded and its answer was lost.
                winner = self.manifest(manifest.ref)
                if winner is None:
                    continue  # It was removed in between.
                if winner.attempt != writer.attempt:
                    writer.in_doubt = False
                    with contextlib.suppress(BaseError, OSError):  # A sweep will find it.
                        self.discard(writer)
                    self.claim(manifest.ref)
                return
            except (BaseError, OSError):
                # The answer was lost, or the manifest never arrived: sending it again tells.
                if attempt == PUBLISH_TRIES - 1:
                    raise
                time.sleep(PUBLISH_WAIT_S * 4**attempt)
        raise CorruptArtifactError(
            f"{path} is created and removed by somebody else all the time. Run one 'xsim gc' only."
        )

    def discard(self, writer: ArtifactWriter) -> None:
        """Remove what an attempt wrote, unless its manifest may have been published."""
        if writer.in_doubt:
            return
        paths = self._list(writer.prefix + "/")
        self.delete_objects(paths)

    def delete(self, ref: ArtifactRef[Any]) -> None:
        """Remove an artifact: its manifest first, so that it is never half there.

        Other attempts at the same fingerprint stay: they may be on their way to a commit.
        """
        manifest = self.manifest(ref)
        if manifest is None:
            return
        obstore.delete(self._backend, [f"{ref}/manifest.json"])
        self.delete_objects(self._list(f"{ref}/{manifest.attempt}/"))

    def delete_objects(self, paths: list[str]) -> None:
        """Remove objects by path; those already gone are fine."""
        if not paths:
            return
        try:
            obstore.delete(self._backend, paths)
        except FileNotFoundError:
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    obstore.delete(self._backend, path)

    def verify(self, ref: ArtifactRef[Any]) -> list[str]:
        """Re-read every object; one sentence for each that is missing, truncated or altered."""
        manifest = self.open(ref).manifest
        problems = []
        for record in manifest.objects:
            path = f"{ref}/{record.path}"
            try:
                data = bytes(obstore.get(self._backend, path).bytes())
            except FileNotFoundError:
                problems.append(f"{path} is missing")
                continue
            if len(data) != record.size:
                problems.append(f"{path} has {len(data)} bytes, expected {record.size}")
            elif hashlib.sha256(data).hexdigest() != record.sha256:
                problems.append(f"{path} was altered (sha256 differs)")
        return problems

    def put_record(self, path: str, value: dict[str, Any]) -> None:
        """A small JSON record for people, such as ``runs/<name>.json``; overwrites."""
        obstore.put(self._backend, path, json.dumps(value, indent=1).encode())

    def get_record(self, path: str) -> dict[str, Any] | None:
        """A JSON record, or None."""
        try:
            return json.loads(bytes(obstore.get(self._backend, path).bytes()))
        except FileNotFoundError:
            return None

    def list_records(self, prefix: str) -> list[str]:
        """Paths of records below ``prefix/``."""
        return sorted(self._list(prefix + "/"))

    def _list(self, prefix: str) -> list[str]:
        return [path for path, _, _ in self.list_objects(prefix)]

    def list_objects(self, prefix: str = "") -> list[tuple[str, int, datetime]]:
        """Path, size in bytes and time of last change of every object below ``prefix``."""
        found = obstore.list(self._backend, prefix=prefix or None)
        return [(m["path"], m["size"], m["last_modified"]) for batch in found for m in batch]

    def create_object(self, path: str, data: bytes) -> bool:
        """Create an object that is not there yet; False if it is."""
        try:
            obstore.put(self._backend, path, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def read_object(self, path: str) -> bytes | None:
        """The bytes of an object, or None."""
        try:
            return bytes(obstore.get(self._backend, path).bytes())
        except FileNotFoundError:
            return None

    def pin(self, name: str, ref: ArtifactRef[Any]) -> None:
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

    def _digest(self, writer: ArtifactWriter) -> tuple[ObjectRecord, ...]:
        base = f"{writer.kind}/{writer.fingerprint}/"
        records = []
        for path in sorted(self._list(writer.prefix + "/")):
            data = bytes(obstore.get(self._backend, path).bytes())
            digest = hashlib.sha256(data).hexdigest()
            records.append(ObjectRecord(path=path[len(base) :], size=len(data), sha256=digest))
        return tuple(records)


def default_store_url() -> str:
    """``XSIM_STORE``, or ``.xsim/store`` below the working directory."""
    return os.environ.get("XSIM_STORE") or (Path.cwd() / ".xsim" / "store").as_uri()
