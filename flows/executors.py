"""How a flow's page of calls is carried out: planned, run in this process, or as Prefect tasks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tasks.engine.observer import Observer
from tasks.settings import load_settings
from xsim_core.artifacts import Artifact, ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import StoreUnreachableError
from xsim_core.runs import RunRecord, ending_of, save_record
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.storage import ArtifactStore, Runtime

Ref = ArtifactRef[Any]
T = TypeVar("T")
Out = TypeVar("Out", bound=Artifact)


class Executor(Protocol):
    """Make the artifact of one stage."""

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The ref of the stage's artifact; inputs that are None are left out."""
        ...


class _ReachedError(Exception):
    """The stage at which to stop is made; never leaves ``up_to``."""


def up_to(until: str | None, execute: Executor, page: Callable[[Executor], T]) -> T | None:
    """Carry out a page of calls, or its beginning.

    Args:
        until: the last stage to carry out; None for all.
        execute: how each is carried out.
        page: the calls, such as ``whole_chain`` with its configuration.

    Returns:
        What the page answers; None when it was left at ``until``.
    """

    def stopping(stage: Stage, config: FrozenModel, **inputs: Ref | None) -> Ref:
        ref = execute(stage, config, **inputs)
        if stage.name == until:
            raise _ReachedError
        return ref

    try:
        return page(stopping)
    except _ReachedError:
        return None


@dataclass
class Plan:
    """Computes every ref without running anything, and looks which ones the store has."""

    store: ArtifactStore
    refs: dict[str, Ref] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The ref that a run would answer."""
        ref = output_ref(stage, config, _given(inputs))
        self.refs[stage.name] = ref
        if self.store.manifest(ref) is None:
            self.missing.append(stage.name)
        return ref


@dataclass
class InProcess:
    """Runs the stages one after another here, without Prefect."""

    store: ArtifactStore
    runtime: Runtime
    observer: Observer
    record: "Recorder"

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The stage's artifact, made now if the store does not have it."""
        given = _given(inputs)
        self.observer.started(stage.name)
        reused = self.store.manifest(output_ref(stage, config, given)) is not None

        def progress(fraction: float, figures: dict[str, float]) -> None:
            self.observer.progressed(stage.name, fraction, figures)

        try:
            ref = run_stage(
                stage, config, self.store, given, runtime=self.runtime, progress=progress
            )
        except BaseException as error:
            self.observer.failed(stage.name, error)
            self.record.stopped(stage.name, error)
            raise
        self.observer.finished(stage.name, ref, reused=reused)
        self.observer.noted(stage.name, self.store.open(ref).notes)
        self.record.add(stage.name, ref)
        return ref


@dataclass
class AsTasks:
    """Runs each stage as the Prefect task of its name, within the current flow run."""

    record: "Recorder"
    find_task: Callable[[str], Callable[..., Any]] | None = None
    """Task by stage name; that of ``tasks.stages`` unless a test brings its own."""

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The stage's artifact; the task answers from the store when it is there."""
        task, given = (self.find_task or task_of)(stage.name), _given(inputs)
        # As a state: called plainly, Prefect hands a task's own "Reused" state on as data.
        try:
            with _shared(stage, config, given):
                state = task(**given, config=config, return_state=True)
            ref: ArtifactRef[Out] = state.result()
        except BaseException as error:
            self.record.stopped(stage.name, error)
            raise
        self.record.add(stage.name, ref)
        return ref


def _shared(
    stage: Stage[Any], config: FrozenModel, given: dict[str, Ref]
) -> AbstractContextManager[None]:
    """Where the stage's work is spread over workers, if somebody asked for that."""
    if stage.fan_out is None or load_settings().num_shards < 2:
        return nullcontext()
    # Here: it makes a flow, and with that a tenth of what the run of a finished chain takes.
    from .fan_out import fanned_out

    return fanned_out(stage, config, given)


def task_of(stage_name: str) -> Callable[..., Any]:
    """The Prefect task of a stage: the same name in every layer."""
    from tasks.stages import task_of as find  # It imports Prefect: see above.

    return find(stage_name)


@dataclass
class Recorder:
    """Writes ``runs/<name>.json`` after every stage, so that a broken run can be looked at."""

    store: ArtifactStore
    record: RunRecord

    def add(self, stage: str, ref: Ref) -> None:
        """Note that the stage's artifact is there."""
        self.update(stages={**self.record.stages, stage: ref})

    def stopped(self, stage: str, error: BaseException) -> None:
        """Note that the stage stopped short, and how."""
        if isinstance(error, StoreUnreachableError):
            return  # It would not take the note either, after as long a wait.
        # A store that cannot even take the note must not hide why the stage failed.
        with suppress(Exception):
            self.update(unfinished={**self.record.unfinished, stage: ending_of(error)})

    def update(self, **fields: Any) -> None:
        """Change fields of the record and write it."""
        self.record = self.record.model_copy(update=fields)
        save_record(self.store, self.record)


def _given(inputs: dict[str, Ref | None]) -> dict[str, Ref]:
    return {name: ref for name, ref in inputs.items() if ref is not None}
