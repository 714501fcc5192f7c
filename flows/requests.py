"""A run request made definite: every stage's configuration, and the digests of what it reads.

Done once in a process: the command line plans by it, and hands it to the flow that it then calls.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from xsim_core.presets import PipelineConfig, pipeline_config
from xsim_core.runs import RunRequest
from xsim_core.storage import ArtifactStore

from .executors import Plan
from .pipeline import whole_chain
from .sources import Sources, find_sources


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

    def plan(self, store: ArtifactStore) -> Plan:
        """The refs of the whole chain, and which of them the store lacks; runs nothing."""
        plan = Plan(store)
        whole_chain(plan, self.config, self.sources)
        return plan


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
    return ResolvedRun(request, configuration(request), find_sources(Path(request.capture)))


def configuration(request: RunRequest) -> PipelineConfig:
    """Every stage's configuration alone, for runs that go on from what an earlier one made.

    Raises:
        UnknownNameError: for an unknown preset, task, stage or field.
        BadInputError: for a value its stage refuses.
    """
    return pipeline_config(request.preset, task=request.task, overrides=request.overrides)


@contextmanager
def handed_on(resolved: ResolvedRun) -> Iterator[None]:
    """Within the block ``resolve`` answers this for the same request: for a flow called there."""
    token = _HANDED_ON.set(resolved)
    try:
        yield
    finally:
        _HANDED_ON.reset(token)
