"""For people: run records, lineage, and the one-page HTML report."""

from .lineage import Lineage, LineageNode, lineage_text, stages_behind, trace_lineage
from .page import build_report
from .record import (
    Ending,
    RunRecord,
    check_run_name,
    ending_of,
    list_runs,
    load_record,
    save_record,
    this_process,
)

__all__ = [
    "Ending",
    "Lineage",
    "LineageNode",
    "RunRecord",
    "build_report",
    "check_run_name",
    "ending_of",
    "lineage_text",
    "list_runs",
    "load_record",
    "save_record",
    "stages_behind",
    "this_process",
    "trace_lineage",
]
