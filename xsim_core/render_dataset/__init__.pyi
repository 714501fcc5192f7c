from .config import (
    RenderDatasetConfig as RenderDatasetConfig,
    RenderShardConfig as RenderShardConfig,
)
from .render import render_dataset as render_dataset
from .shards import (
    collect_rollouts as collect_rollouts,
    gather_shards as gather_shards,
    render_shard as render_shard,
)
