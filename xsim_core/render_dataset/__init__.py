"""Teacher rollouts rendered under random cameras and lights, as a dataset to imitate."""

from .config import RenderDatasetConfig
from .render import render_dataset

__all__ = ["RenderDatasetConfig", "render_dataset"]
