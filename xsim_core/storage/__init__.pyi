from .object_store.address import canonical_url, local_path
from .object_store.locate import home_folder, is_store_flushed, store_url
from .reader import OpenArtifact
from .records import read_record, read_records, record_names
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
    "canonical_url",
    "home_folder",
    "is_store_flushed",
    "local_path",
    "read_record",
    "read_records",
    "record_names",
    "store_url",
]
