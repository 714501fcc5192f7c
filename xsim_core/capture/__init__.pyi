from .identity import (
    IngestConfig as IngestConfig,
    StillArrivingError as StillArrivingError,
    file_stamp as file_stamp,
)
from .ingest import (
    ingest_capture as ingest_capture,
    ingest_truth as ingest_truth,
    ingest_world as ingest_world,
)
from .layout import has_mesh as has_mesh, truth_folder as truth_folder
from .synthetic.scenario import SynthesizeConfig as SynthesizeConfig
from .synthetic.synthesize import synthesize_capture as synthesize_capture
