"""Content-addressed artifacts on ``file://``, ``s3://`` and ``memory://``."""

from .reader import OpenArtifact
from .store import ArtifactStore, default_store_url
from .writer import FRAMES_PER_SHARD, ArtifactWriter, Progress, Runtime

__all__ = [
    "FRAMES_PER_SHARD",
    "ArtifactStore",
    "ArtifactWriter",
    "OpenArtifact",
    "Progress",
    "Runtime",
    "default_store_url",
]
