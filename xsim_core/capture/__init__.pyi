from .ingest import (
    IngestConfig as IngestConfig,
    ingest_capture as ingest_capture,
    ingest_truth as ingest_truth,
    ingest_world as ingest_world,
    source_files as source_files,
)
from .layout import truth_folder as truth_folder
from .scenario import SynthesizeConfig as SynthesizeConfig
from .synthesize import synthesize_capture as synthesize_capture
