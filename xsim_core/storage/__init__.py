"""Content-addressed artifacts on ``file://``, ``s3://`` and ``memory://``."""

from .store import (
    FRAMES_PER_SHARD,
    ArtifactStore,
    ArtifactWriter,
    OpenArtifact,
    Progress,
    Runtime,
    default_store_url,
)

__all__ = [
    "FRAMES_PER_SHARD",
    "ArtifactStore",
    "ArtifactWriter",
    "OpenArtifact",
    "Progress",
    "Runtime",
    "default_store_url",
]
