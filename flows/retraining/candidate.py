"""A new policy against the current one: retrain, compare on paired seeds, promote by the test."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from flows import pipeline
from flows.executors import Executor
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.evaluate import STUDENTS
from xsim_core.presets import PipelineConfig
from xsim_core.promotion import (
    Decision,
    Pointer,
    PromotionTest,
    decide,
    history,
    objection,
    promote,
    untried,
)
from xsim_core.stages import EVALUATE
from xsim_core.storage import ArtifactStore

Ref = ArtifactRef

SEEDS_PER_NIGHT = 1000
"""Each night tries other seeds: winning on last month's is no proof of anything."""


class RetrainingJob(NamedTuple):
    """What the comparison is about."""

    pointer: str
    config: PipelineConfig
    made: dict[str, Ref]
    """Ingest and reconstruction of the capture."""


class RetrainingResult(NamedTuple):
    """What came of it."""

    pointer: str
    candidate: Ref
    before: Pointer | None
    now: Pointer
    decision: Decision | None
    """None for the first policy of a pointer, which has nobody to beat."""
    evaluations: tuple[Ref, ...]


def night_overrides(night: int) -> dict[str, dict[str, Any]]:
    """Seeds of a night's training; the same night trains the same policies, and so resumes."""
    return {stage: {"seed": night} for stage in ("ppo", "diffusion", "calibrate")}


def retrain_and_promote(
    execute: Executor,
    store: ArtifactStore,
    job: RetrainingJob,
    *,
    night: int,
    test: PromotionTest | None = None,
    max_pairs: int = 150,
) -> RetrainingResult:
    """Train a candidate and let it replace the current policy if the test says so.

    Args:
        execute: how stages are carried out.
        store: where artifacts and pointers lie.
        job: whose policy, and from what.
        night: a number that no other night has; seeds come of it.
        test: when a candidate is good enough.
        max_pairs: give up undecided, and keep the current policy, after so many pairs of trials.
    """
    ingested, found = pipeline.Ingested.of(job.made), pipeline.Reconstruction.of(job.made)
    trained = pipeline.train(execute, job.config, found)
    candidate = pipeline.calibrated(execute, job.config, trained, ingested)
    entries = history(store, job.pointer)
    if not entries:
        now = promote(store, job.pointer, candidate, reason="the first policy", expected=0)
        return RetrainingResult(job.pointer, candidate, None, now, None, ())
    before = entries[-1]
    if reason := objection(entries, candidate):
        return RetrainingResult(job.pointer, candidate, before, before, untried(reason, test), ())

    inputs = pipeline.tried_in(found, trained, ingested)

    def trial(seed: int) -> Ref:
        # Pairs of trials decide, as many as it takes; each batch would try the worlds anew.
        asked = {"seed": seed, "compares": "promotion", "num_worlds": 0}
        config = job.config.evaluate.model_copy(update=asked)
        return execute(EVALUATE, config, student=before.ref, calibrated=candidate, **inputs)

    seeds = _seeds(job.config, night, max_pairs, has_world=ingested.world is not None)
    decision, evaluations = _compare(store, map(trial, seeds), test)
    now = before
    if decision.action == "promote":
        now = promote(
            store,
            job.pointer,
            candidate,
            reason=decision.reason,
            expected=before.number,
            decision=decision,
            evaluations=evaluations,
        )
    return RetrainingResult(job.pointer, candidate, before, now, decision, evaluations)


def _compare(
    store: ArtifactStore, trials: Iterator[Ref], test: PromotionTest | None
) -> tuple[Decision, tuple[Ref, ...]]:
    """Have trials made until they decide, or there are no more."""
    old: list[Any] = []
    new: list[Any] = []
    evaluations: list[Ref] = []
    decision = decide(old, new, test)
    for evaluation in trials:
        evaluations.append(evaluation)
        for outcomes, more in zip((old, new), paired_outcomes(store, evaluation), strict=True):
            outcomes.extend(more)
        decision = decide(old, new, test)
        if decision.action != "continue":
            break
    return decision, tuple(evaluations)


def paired_outcomes(store: ArtifactStore, evaluation: Ref) -> tuple[list[Any], list[Any]]:
    """What the current policy and the candidate came to, seed by seed; ``decide`` judges it.

    In the world to deploy into when there is one, otherwise in the reconstructed simulation.

    Raises:
        BadInputError: when the evaluation holds no such trials.
    """
    opened = store.open(evaluation)
    for domain in ("real", "sim"):
        rows = [f"success/{policy}_{domain}" for policy in STUDENTS["promotion"]]
        if set(rows) <= set(opened.array_names):
            old, new = (opened.array(row).tolist() for row in rows)
            return old, new
    raise BadInputError(f"{evaluation} holds no trials of two policies on the same seeds")


def _seeds(config: PipelineConfig, night: int, max_pairs: int, *, has_world: bool) -> Iterator[int]:
    batch = config.evaluate.num_real_trials if has_world else config.evaluate.num_sim_trials
    for offset in range(0, min(max_pairs, SEEDS_PER_NIGHT), batch):
        yield night * SEEDS_PER_NIGHT + offset
