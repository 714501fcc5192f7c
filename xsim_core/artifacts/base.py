"""Artifact, ArtifactRef and Manifest: identity, summary and provenance of a payload."""

from typing import Any, ClassVar, Generic, cast

from pydantic import Field, model_validator
from typing_extensions import TypeVar

from xsim_core.config import FrozenModel
from xsim_core.errors import MissingArtifactError

from .schema import ArraySpec


class Artifact(FrozenModel):
    """A summary that a person or a flow can read without opening the payload."""

    kind: ClassVar[str]
    arrays: ClassVar[tuple[ArraySpec, ...]] = ()
    retired: ClassVar[frozenset[str]] = frozenset()
    """Former fields, which manifests of older versions still carry."""

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, data: Any) -> Any:
        if isinstance(data, dict):
            given = cast("dict[str, Any]", data)
            return {name: value for name, value in given.items() if name not in cls.retired}
        return data


A = TypeVar("A", bound=Artifact, covariant=True, default=Artifact)
B = TypeVar("B", bound=Artifact)


class ArtifactRef(FrozenModel, Generic[A]):
    """The only thing that crosses a Prefect edge: which artifact, not where."""

    kind: str
    fingerprint: str = Field(pattern=r"^[0-9a-f]{16,64}$")

    def __str__(self) -> str:
        return f"{self.kind}/{self.fingerprint}"

    def of(self, kind: type[B]) -> "ArtifactRef[B]":
        """The same, known to be of this kind.

        Raises:
            MissingArtifactError: when it is of another.
        """
        if self.kind != kind.kind:
            raise MissingArtifactError(f"{self} is a {self.kind}, not a {kind.kind}")
        return cast("ArtifactRef[B]", self)

    @staticmethod
    def parse(text: str) -> "ArtifactRef":
        """The ref written as ``kind/fingerprint``."""
        kind, _, fingerprint = text.partition("/")
        return ArtifactRef(kind=kind, fingerprint=fingerprint)


class ObjectRecord(FrozenModel):
    """One stored object of a payload."""

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(FrozenModel):
    """Written last with put-if-absent: an artifact exists if and only if its manifest does."""

    format: int = 1
    kind: str
    fingerprint: str
    attempt: str
    """The prefix of the winning attempt, below ``<kind>/<fingerprint>/``."""
    stage: str
    stage_version: int
    config: dict[str, Any]
    inputs: dict[str, ArtifactRef]
    summary: dict[str, Any]
    objects: tuple[ObjectRecord, ...]
    provenance: dict[str, Any]
    """Recorded, never hashed: commit, host, package versions, start and duration in seconds."""

    @property
    def ref(self) -> ArtifactRef:
        """What to pass on."""
        return ArtifactRef(kind=self.kind, fingerprint=self.fingerprint)

    @property
    def content(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What the artifact holds, whoever made it and when: summary, and SHA-256 by path."""
        cut = len(self.attempt) + 1
        return self.summary, {o.path[cut:]: o.sha256 for o in self.objects}

    @property
    def num_bytes(self) -> int:
        """Size of the payload."""
        return sum(o.size for o in self.objects)
