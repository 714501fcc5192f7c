"""For people: run records, lineage, and the one-page HTML report."""

from .lineage import Lineage, LineageNode, lineage_text, stages_behind, trace_lineage
from .page import build_report
from .record import RunRecord, check_run_name, list_runs, load_record, save_record

__all__ = [
    "Lineage",
    "LineageNode",
    "RunRecord",
    "build_report",
    "check_run_name",
    "lineage_text",
    "list_runs",
    "load_record",
    "save_record",
    "stages_behind",
    "trace_lineage",
]
