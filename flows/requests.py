"""A run request made definite: every stage's configuration, and the digests of what it reads.

Done once in a process: the command line plans by it, and hands it to the flow that it then calls.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef, Capture
from xsim_core.config import StageConfig
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.presets import PipelineConfig, pipeline_config
from xsim_core.runs import FlowCall, RunRecord, RunRequest
from xsim_core.stage import output_ref
from xsim_core.stages import (
    CALIBRATE,
    EVALUATE,
    INGEST_CAPTURE,
    INGEST_ROLLOUTS,
    INGEST_TRUTH,
    INGEST_WORLD,
    POSE_TRACK,
    SCAN,
    SPLAT,
    STAGES,
    get_stage,
)
from xsim_core.storage import ArtifactStore

from .executors import Plan, StoreExecutor, until_reviewed, up_to
from .pipeline import Transferred, whole_chain
from .records.awaiting import AwaitsError
from .records.naming import free_name, take_name
from .sources import Sources, find_sources

AFTER_ROLLOUTS = (INGEST_ROLLOUTS.name, CALIBRATE.name, EVALUATE.name)
"""Stages that a run which waits for rollouts has not come to."""
_BEFORE_REVIEW = (INGEST_CAPTURE, INGEST_TRUTH, INGEST_WORLD, SCAN, SPLAT, POSE_TRACK)
AFTER_REVIEW = tuple(
    stage.name for stage in (*STAGES, INGEST_ROLLOUTS) if stage not in _BEFORE_REVIEW
)
"""Stages that a run which waits for a review has not come to."""


@dataclass(frozen=True)
class ResolvedRun:
    """What a request comes to on this machine now."""

    request: RunRequest
    config: PipelineConfig
    sources: Sources

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.request.run_name

    def settled(self, store: ArtifactStore) -> "ResolvedRun":
        """The same under a name that is no other request's in this store.

        Raises:
            BadInputError: when the name that was asked for is.
        """
        name = free_name(store, self.request, self._capture)
        return replace(self, request=self.request.model_copy(update={"name": name}))

    def taken(self, store: ArtifactStore) -> "ResolvedRun":
        """``settled``, and nobody else gets the name from now on."""
        name = self.take_name(store)
        return replace(self, request=self.request.model_copy(update={"name": name}))

    def take_name(self, store: ArtifactStore, base: str = "") -> str:
        """A name for the run, or for a part of it that is plainly called ``base``; now taken."""
        return take_name(store, self.request, self._capture, base=base)

    def record(
        self, name: str = "", *, flow_run_url: str | None = None, call: FlowCall | None = None
    ) -> RunRecord:
        """The record with which the run begins, or a part of it that is called ``name``."""
        return RunRecord(
            name=name or self.name,
            request=self.request,
            taken_in=self._capture,
            flow_run_url=flow_run_url,
            call=call,
        )

    @property
    def _capture(self) -> ArtifactRef[Capture]:
        return output_ref(INGEST_CAPTURE, self.sources.capture, {})

    def plan(self, store: ArtifactStore, *, until: str | None = None) -> Plan:
        """The refs of the chain, up to a stage or whole, and which of them the store lacks.

        Raises:
            UnknownNameError: when the chain of this capture has no such stage, or ends before one
                that is asked for anew.
        """
        plan = Plan(store)
        try:
            self.carry_out(plan, until=until)
        except AwaitsError as waits:
            plan.awaits = waits.what
        after = {"": (), "rollouts": AFTER_ROLLOUTS, "review": AFTER_REVIEW}[plan.awaits]
        if until is not None and until not in (*plan.refs, *after):
            raise UnknownNameError("stage of this capture's chain", until, plan.refs)
        for stage in self.request.anew:
            if stage not in (*plan.refs, *after):
                raise UnknownNameError("stage of this run to make anew", stage, plan.refs)
        return plan

    def brings(self, rollouts: str) -> "ResolvedRun":
        """The same with rollouts for which it waited.

        Raises:
            BadInputError: when they are none.
        """
        path = Path(rollouts).expanduser()
        given = str(path.absolute()) if path.exists() else rollouts
        request = self.request.model_copy(update={"rollouts": given})
        sources = self.sources.with_rollouts(given)
        return replace(self, request=request, sources=sources)

    def reviewed(self, review: str, store: ArtifactStore) -> "ResolvedRun":
        """The same with the review for which it waited: a reviewed track's ref, or skip.

        Raises:
            BadInputError: when it is none.
        """
        request = self.request.model_copy(update={"review": review.strip()})
        sources = self.sources.with_review(request.review, lambda: store)
        if sources.asks_for_review and sources.review is None:
            raise BadInputError("a review is a reviewed track's ref (object_track/…), or skip")
        return replace(self, request=request, sources=sources)

    def carry_out(self, execute: StoreExecutor, *, until: str | None = None) -> Transferred | None:
        """The whole chain, or its beginning up to a stage (then None).

        Raises:
            AwaitsRolloutsError: when it goes no further without a robot's rollouts.
            AwaitsReviewError: when a person should look at the track first.
        """
        sources = self.sources
        asking = until_reviewed(execute, asks=sources.asks_for_review, reviewed=sources.reviewed)
        return up_to(until, asking, lambda c: whole_chain(c, self.config, self.sources))


_HANDED_ON: ContextVar[ResolvedRun | None] = ContextVar("xsim_resolved_run", default=None)


def resolve(request: RunRequest) -> ResolvedRun:
    """Look up the configuration and the capture; whoever called may have done it already.

    Raises:
        UnknownNameError: for an unknown preset, task, stage or field.
        BadInputError: for a value its stage refuses, or a folder that is no capture.
    """
    before = _HANDED_ON.get()
    if before is not None and before.request.parameters() == request.parameters():
        return before
    config = configuration(request)  # First: what it refuses is said before files are read.
    sources = find_sources(Path(request.capture)).with_rollouts(request.rollouts)
    sources = sources.model_copy(update={"deploy": request.deploy})
    sources = sources.with_review(request.review, lambda: load_settings().open_store())
    if not request.anew:
        return ResolvedRun(request, config, sources)
    codes = {stage: code or get_stage(stage).code() for stage, code in request.anew.items()}
    return ResolvedRun(
        request.model_copy(update={"anew": codes}),
        *_made_anew(config, sources, codes),
    )


_INGESTS = {
    INGEST_CAPTURE.name: "capture", INGEST_TRUTH.name: "truth", INGEST_WORLD.name: "world",
    INGEST_ROLLOUTS.name: "rollouts",
}  # fmt: skip
"""Stages whose configuration comes of files, and where it stands in ``Sources``."""


def _made_anew(
    config: PipelineConfig, sources: Sources, codes: Mapping[str, str]
) -> tuple[PipelineConfig, Sources]:
    """The configurations in which these stages are asked for anew.

    Raises:
        UnknownNameError: when the chain of this capture has no such stage.
    """
    configs: dict[str, StageConfig] = {**dict(config)}
    configs |= {s: c for s, field in _INGESTS.items() if (c := getattr(sources, field)) is not None}
    for stage, code in codes.items():
        if stage not in configs:
            raise UnknownNameError("stage to make anew", stage, configs)
        configs[stage] = configs[stage].model_copy(update={"anew": code})
    read = {field: configs.pop(stage, None) for stage, field in _INGESTS.items()}
    return config.model_copy(update=configs), sources.model_copy(update=read)


def configuration(request: RunRequest) -> PipelineConfig:
    """Every stage's configuration alone, for runs that go on from what an earlier one made.

    Raises:
        UnknownNameError: for an unknown preset, task, stage or field.
        BadInputError: for a value its stage refuses.
    """
    return pipeline_config(request.preset, task=request.task, overrides=request.overrides)


@contextmanager
def handed_on(resolved: ResolvedRun) -> Generator[None]:
    """Within the block ``resolve`` answers this for the same request: for a flow called there."""
    token = _HANDED_ON.set(resolved)
    try:
        yield
    finally:
        _HANDED_ON.reset(token)
