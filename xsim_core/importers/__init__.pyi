from .config import IngestEpisodesConfig as IngestEpisodesConfig, Picks as Picks
from .ingest import ingest_episodes as ingest_episodes
