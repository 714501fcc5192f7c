"""Capture: what a person brings, and an honest synthetic one.

``synthesize_capture`` renders a demo capture; ``ingest_capture`` reads anybody's from its files.
"""

from .ingest import IngestConfig, ingest_capture, ingest_truth, ingest_world
from .synthesize import SynthesizeConfig, synthesize_capture, truth_folder

__all__ = [
    "IngestConfig",
    "SynthesizeConfig",
    "ingest_capture",
    "ingest_truth",
    "ingest_world",
    "synthesize_capture",
    "truth_folder",
]
