"""For people: lineage, and the one-page HTML report."""

from .downloads import files_folder, write_page
from .lineage import Lineage, LineageNode, lineage_text, stages_behind, trace_lineage
from .page import build_report

__all__ = [
    "Lineage",
    "LineageNode",
    "build_report",
    "files_folder",
    "lineage_text",
    "stages_behind",
    "trace_lineage",
    "write_page",
]
