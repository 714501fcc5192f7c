"""Content-addressed artifacts on ``file://``, ``s3://`` and ``memory://``."""

from .locate import home_folder, store_url
from .reader import OpenArtifact
from .store import ArtifactStore
from .writer import FRAMES_PER_SHARD, ArtifactWriter, Progress, Runtime

__all__ = [
    "FRAMES_PER_SHARD",
    "ArtifactStore",
    "ArtifactWriter",
    "OpenArtifact",
    "Progress",
    "Runtime",
    "home_folder",
    "store_url",
]
