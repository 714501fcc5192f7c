"""How a run's policies did."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, Evaluation as EvaluationSummary
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.errors import UnknownNameError

from .store import StoreLike, open_artifact


@dataclass(frozen=True)
class Evaluation:
    """Success of every policy in every domain on the same seeds, and errors against truth.

    Arrays are keyed ``<policy>_<domain>``, such as ``calibrated_real``.
    """

    ref: ArtifactRef[EvaluationSummary]
    """Which artifact this is."""
    task: str
    """What was tried."""
    rates: tuple[SuccessRate, ...]
    """Successes out of trials with a 95 % Wilson interval, and staged progress in [0, 1]."""
    figures: Mapping[str, float]
    """Comparisons and errors against truth by name; units are in the names."""
    success: Mapping[str, NDArray[np.bool_]]
    """(n,) one a seed; equal rows are equal seeds. In ``worlds`` (w, t): t seeds in w worlds."""
    progress: Mapping[str, NDArray[np.float32]]
    """As ``success``, in [0, 1]."""
    errors: Mapping[str, NDArray[np.floating]]
    """Per-frame errors against ground truth; empty where there is no truth."""

    def rate(self, policy: str, domain: str) -> SuccessRate:
        """The rate of a policy (``teacher``, ``student``, ``calibrated``) in a domain.

        Domains are ``sim``, ``real`` and ``worlds``.

        Raises:
            UnknownNameError: when it was not tried there.
        """
        by_name = {f"{r.policy}_{r.domain}": r for r in self.rates}
        name = f"{policy}_{domain}"
        if name not in by_name:
            raise UnknownNameError("policy and domain", name, by_name)
        return by_name[name]


def load_evaluation(
    name: str | ArtifactRef[EvaluationSummary], *, store: StoreLike = None
) -> Evaluation:
    """What ``evaluate`` measured.

    Args:
        name: ``RUN:STAGE`` (``"demo:evaluate"``), ``kind/fingerprint``, first digits, or a ref.
        store: where it lies; by default ``open_store()``.

    Returns:
        The evaluation in memory.

    Raises:
        UnknownNameError: when there is no such artifact; lists what there is.
        BadInputError: when it is of another kind; names what the run has of this one.
    """
    opened = open_artifact(name, EvaluationSummary, store=store)
    return Evaluation(
        ref=opened.ref,
        task=opened.summary.task,
        rates=opened.summary.rates,
        figures=opened.summary.figures,
        success=opened.arrays("success"),
        progress=opened.arrays("progress"),
        errors=opened.arrays("error"),
    )
