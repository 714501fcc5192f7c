"""Capture: what a person brings, and an honest synthetic one.

``synthesize_capture`` renders a demo capture; ``ingest_capture`` reads anybody's from its files.
"""

from .ingest import IngestConfig, ingest_capture, ingest_truth, ingest_world, source_files
from .scenario import SynthesizeConfig
from .synthesize import synthesize_capture, truth_folder

__all__ = [
    "IngestConfig",
    "SynthesizeConfig",
    "ingest_capture",
    "ingest_truth",
    "ingest_world",
    "source_files",
    "synthesize_capture",
    "truth_folder",
]
