"""What a format's writer is given."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from xsim_core.artifacts import Artifact
from xsim_core.storage import ArtifactStore, OpenArtifact

A = TypeVar("A", bound=Artifact)
B = TypeVar("B", bound=Artifact)


@dataclass(frozen=True)
class Source(Generic[A]):
    """An artifact to be written, and the store that has what it was made from."""

    artifact: OpenArtifact[A]
    store: ArtifactStore

    def made_from(self, kind: type[B]) -> OpenArtifact[B] | None:
        """The input of this kind that the artifact was made from; None where it is not there."""
        for ref in self.artifact.manifest.inputs.values():
            if ref.kind == kind.kind and self.store.manifest(ref) is not None:
                return self.store.open(ref, kind)
        return None
