from .compare import compare_rollouts as compare_rollouts
from .config import IngestRolloutsConfig as IngestRolloutsConfig
from .decision import CompareRolloutsConfig as CompareRolloutsConfig
from .ingest import ingest_rollouts as ingest_rollouts
