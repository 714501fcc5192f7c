from .compare import (
    CompareRolloutsConfig as CompareRolloutsConfig,
    compare_rollouts as compare_rollouts,
)
from .config import IngestRolloutsConfig as IngestRolloutsConfig
from .ingest import ingest_rollouts as ingest_rollouts
