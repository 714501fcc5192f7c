"""Teacher rollouts rendered under random cameras and lights, as a dataset to imitate."""

from .config import RenderDatasetConfig, RenderShardConfig
from .render import render_dataset
from .shards import collect_rollouts, gather_shards, render_shard

__all__ = [
    "RenderDatasetConfig",
    "RenderShardConfig",
    "collect_rollouts",
    "gather_shards",
    "render_dataset",
    "render_shard",
]
