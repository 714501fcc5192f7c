"""Which policy is current, and when a newer one replaces it."""

from .evidence import Decision, PromotionTest, decide, untried
from .pointers import Pointer, current, history, pointers, promote
from .rollback import rollback
from .rules import objection, taken_back, way_back

__all__ = [
    "Decision",
    "Pointer",
    "PromotionTest",
    "current",
    "decide",
    "history",
    "objection",
    "pointers",
    "promote",
    "rollback",
    "taken_back",
    "untried",
    "way_back",
]
