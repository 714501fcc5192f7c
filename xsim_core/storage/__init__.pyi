from .locate import home_folder, store_url
from .reader import OpenArtifact
from .runtime import Progress, Runtime
from .store import ArtifactStore
from .writer import FRAMES_PER_SHARD, ArtifactWriter

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
