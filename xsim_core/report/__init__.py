"""For people: lineage, and the one-page HTML report."""

from .lineage import Lineage, LineageNode, lineage_text, stages_behind, trace_lineage
from .page import build_report

__all__ = [
    "Lineage",
    "LineageNode",
    "build_report",
    "lineage_text",
    "stages_behind",
    "trace_lineage",
]
