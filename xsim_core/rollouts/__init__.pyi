from .config import IngestRolloutsConfig as IngestRolloutsConfig
from .ingest import ingest_rollouts as ingest_rollouts
