"""Figures of a calibration: its pairs, and how alike the students see the two sides of one."""

import numpy as np

from xsim_core.policies import Student
from xsim_core.storage import ArtifactWriter

from .config import CalibrateConfig, GateConfig
from .finetune import agreement_figures, encoder_features
from .harm import MIN_PAIRS
from .kept import KeptPairs
from .pairs import Pairs
from .pictures import feature_plot


def pair_figures(pairs: Pairs, kept: KeptPairs, gate: GateConfig) -> dict[str, float]:
    """How many new pairs are trusted, how far replay and camera are apart, and what was kept.

    Args:
        pairs: new ones, trusted or not.
        kept: the trusted ones among them, and those of calibrations before.
        gate: which are trusted.
    """
    trusted = pairs.trusted(gate)
    distance, angle, _ = pairs.disagreement()
    found = pairs.score >= gate.min_track_score
    figures = {"pairs_kept": float(trusted.sum()), "pairs_dropped": float((~trusted).sum())}
    figures["pairs_of_before"] = float(len(kept.pairs) - trusted.sum())
    if found.any():
        figures["object_gap_mm"] = 1e3 * float(np.median(distance[found]))
        figures["object_gap_deg"] = float(np.degrees(np.median(angle[found])))
    return figures


def agreement(
    before: Student,
    after: Student,
    pairs: Pairs,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> dict[str, float]:
    """Retrieval and alignment before and after, and their picture; nothing without pairs."""
    if len(pairs) < MIN_PAIRS:
        return {}
    figures = {}
    for when, student in (("before", before), ("after", after)):
        measured = agreement_figures(student, pairs, config.align.duplicate_m)
        figures |= {f"{name}_{when}": value for name, value in measured.items()}
    features = [
        (encoder_features(s, pairs.real), encoder_features(s, pairs.sim)) for s in (before, after)
    ]
    out.add_file("features.png", feature_plot(features[0], features[1], pairs.rollout))
    return figures
