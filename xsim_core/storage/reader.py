"""Read access to one committed artifact."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, cast

from xsim_core.artifacts.base import A, ArtifactRef, B, Manifest
from xsim_core.errors import CorruptArtifactError, MissingArtifactError, UnknownNameError

from .object_store.objects import Objects
from .object_store.payload import METADATA_LIMIT_BYTES, check_metadata

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray


@dataclass(frozen=True)
class OpenArtifact(Generic[A]):
    """Read access to one committed artifact."""

    ref: ArtifactRef[A]
    manifest: Manifest
    summary: A
    _objects: Objects
    cache_dir: Path

    def of(self, kind: type[B]) -> "OpenArtifact[B]":
        """The same, known to be of this kind.

        Raises:
            MissingArtifactError: when it is of another.
        """
        self.ref.of(kind)
        return cast("OpenArtifact[B]", self)

    @property
    def prefix(self) -> str:
        """Where the payload lies below the store's URL."""
        return f"{self.ref}/{self.manifest.attempt}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What its stage guessed, dropped or mended; only stages that read foreign files tell."""
        return getattr(self.summary, "notes", ())

    @cached_property
    def group(self) -> "zarr.Group":
        """The payload, read-only."""
        import zarr  # Here: what looks at summaries only is spared a third of a second.

        from .verified import VerifiedStore

        store = VerifiedStore(self._objects.backend, self.manifest)
        return zarr.open_group(store, path=f"{self.prefix}/data.zarr", mode="r", zarr_format=3)

    def array(self, name: str) -> "NDArray[Any]":
        """One whole array in memory."""
        import numpy as np  # Here: whoever reads manifests and files only needs none of it.

        return np.asarray(self._node(name)[...])

    def frames(self, name: str) -> "NDArray[Any]":
        """One whole array as a read-only memory map of a local copy, for random access.

        The copy is made and verified once for each content and shared by all processes.
        """
        from .frames import local_frames

        return local_frames(self._objects, self.manifest, self._node(name), name, self.cache_dir)

    def _node(self, name: str) -> "zarr.Array":
        import zarr

        node = self.group.get(name)
        if not isinstance(node, zarr.Array):
            raise MissingArtifactError(
                f"{self.ref} has no array '{name}' (it has {', '.join(self.array_names)})"
            )
        return node

    @cached_property
    def array_names(self) -> tuple[str, ...]:
        """Names of all arrays, sorted."""
        return tuple(self.array_shapes)

    @cached_property
    def array_shapes(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Dtype and shape of every array by its name, sorted; reads nothing but their metadata."""
        start, end = f"{self.manifest.attempt}/data.zarr/", "/zarr.json"
        shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
        for record in sorted(self.manifest.objects, key=lambda o: o.path):
            name = record.path.removeprefix(start).removesuffix(end)
            if record.path != f"{start}{name}{end}":
                continue
            path = f"{self.ref}/{record.path}"
            if record.size > METADATA_LIMIT_BYTES:
                raise CorruptArtifactError(f"{path} is larger than {METADATA_LIMIT_BYTES} bytes")
            meta = check_metadata(bytes(self._objects.read_checked(path, record)), path)
            if meta["node_type"] == "array":
                shapes[name] = (meta["data_type"], tuple(meta["shape"]))
        return shapes

    def arrays(self, prefix: str) -> "dict[str, NDArray[Any]]":
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
        record = next(o for o in self.manifest.objects if o.path == path)
        return bytes(self._objects.read_checked(f"{self.ref}/{path}", record))

    def verify(self) -> list[str]:
        """Re-read every object; one sentence for each that is missing, truncated or altered."""
        problems = []
        for record in self.manifest.objects:
            path = f"{self.ref}/{record.path}"
            try:
                self._objects.read_checked(path, record)
            except FileNotFoundError:
                problems.append(f"{path} is missing")
            except CorruptArtifactError as error:
                problems.append(str(error))
        return problems
