"""The ``compare_rollouts`` stage: two policies on a robot, from the same starts."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Evaluation, RealRollouts
from xsim_core.errors import BadInputError
from xsim_core.evaluate import STUDENTS
from xsim_core.evaluate.rates import Trials, comparison, rate_figures, rate_plot
from xsim_core.promotion import Decision, decide
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .decision import CompareRolloutsConfig

PROGRESS = (
    "staged progress was not measured: it is 1 where an attempt succeeded and 0 where it did not"
)


def compare_rollouts(
    current: OpenArtifact[RealRollouts],
    candidate: OpenArtifact[RealRollouts],
    *,
    config: CompareRolloutsConfig,
    out: ArtifactWriter,
) -> Evaluation:
    """Success of both where both were tried from a start, and what the sequential test says.

    Raises:
        BadInputError: for rollouts of two tasks, without outcomes, or without a start in common.
    """
    if current.summary.task != candidate.summary.task:
        raise BadInputError(
            f"{current.ref} is of task '{current.summary.task}' and {candidate.ref} of "
            f"'{candidate.summary.task}'. Compare policies of one task."
        )
    old, new = outcomes_by_seed(current), outcomes_by_seed(candidate)
    seeds = sorted(old.keys() & new.keys())
    if not seeds:
        raise BadInputError(
            f"{current.ref} (seeds {_said(old)}) and {candidate.ref} (seeds {_said(new)}) have no "
            "start in common whose outcome is known in both. Try both from the same seeds: "
            "xsim robot run --first-seed."
        )
    pairs = [np.array([by_seed[s] for s in seeds], bool) for by_seed in (old, new)]
    decision = decide(pairs[0], pairs[1], config.test)
    rows = [
        Trials(name, "real", won, won.astype(np.float32), [])
        for name, won in zip(STUDENTS["promotion"], pairs, strict=True)
    ]
    for row in rows:
        out.write(f"success/{row.name}", row.success)
        out.write(f"progress/{row.name}", row.progress)
    rates = tuple(row.rate() for row in rows)
    out.add_file("success.png", rate_plot(rates))
    compared = {f"promotion_real_{k}": v for k, v in comparison(*rows).items()}
    left_out = len(old.keys() ^ new.keys())
    unpaired = [f"{left_out} starts were tried with one policy alone and are left out"]
    return Evaluation(
        task=current.summary.task,
        rates=rates,
        figures=rate_figures(rates) | compared | evidence_figures(decision),
        notes=(in_a_sentence(decision), *(unpaired if left_out else []), PROGRESS),
    )


def outcomes_by_seed(rollouts: OpenArtifact[RealRollouts]) -> dict[int, bool]:
    """Seed of the start → whether it succeeded, where that is known.

    Raises:
        BadInputError: without outcomes, and where a start was tried twice.
    """
    if "outcome" not in rollouts.array_names:
        raise BadInputError(
            f"nobody said which rollouts of {rollouts.ref} succeeded: those of 'deploy' are for "
            "calibrate. Record them with xsim robot run."
        )
    if "seeds" not in rollouts.array_names:
        raise BadInputError(
            f"nothing says from which starts the rollouts of {rollouts.ref} began, so none of them "
            "can be paired. Give their dataset a column 'seed', the same number for the same start."
        )
    seeds: NDArray[np.int64] = rollouts.array("seeds")
    outcome: NDArray[np.int8] = rollouts.array("outcome")
    known = outcome >= 0
    kept, counts = np.unique(seeds[known], return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(map(str, kept[counts > 1].tolist()))
        raise BadInputError(
            f"{rollouts.ref} was tried more than once from the starts of seeds {twice}: nothing "
            "says which attempt counts. Take in recordings of one session."
        )
    return dict(zip(seeds[known].tolist(), (outcome[known] == 1).tolist(), strict=True))


def in_a_sentence(decision: Decision) -> str:
    """What the test says, for people."""
    return (
        f"sequential test after {decision.num_pairs} pairs ({decision.wins} won, "
        f"{decision.losses} lost): {decision.action}, {decision.reason}"
    )


def evidence_figures(decision: Decision) -> dict[str, float]:
    """What was won by betting on each claim; 1 / alpha decides."""
    return {
        "decided_after_pairs": float(decision.num_pairs),
        "evidence_better": decision.evidence_better,
        "evidence_not_worse": decision.evidence_not_worse,
        "evidence_worse": decision.evidence_worse,
    }


def _said(by_seed: dict[int, bool]) -> str:
    seeds = sorted(by_seed)
    return ", ".join(map(str, seeds[:6])) + (" …" if len(seeds) > 6 else "") or "none"
