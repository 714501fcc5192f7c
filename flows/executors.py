"""How a flow's page of calls is carried out: planned, run in this process, or as Prefect tasks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tasks.engine.observer import OBSERVER, Observer
from tasks.settings import load_settings
from xsim_core.artifacts import Artifact, ArtifactRef
from xsim_core.config import FrozenModel, StageConfig
from xsim_core.errors import CorruptArtifactError, MissingArtifactError, StoreUnreachableError
from xsim_core.runs import RunRecord, ending_of, save_record
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.stages import other_maker
from xsim_core.storage import ArtifactStore, Runtime, read_record

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

    def stopping(stage: Stage[Any], config: FrozenModel, **inputs: Ref | None) -> Ref:
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
    other_code: dict[str, str] = field(default_factory=dict)
    """Stages that are there and were made by other code than this, and by which."""

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The ref that a run would answer."""
        given = _given(inputs)
        ref = output_ref(stage, config, given)
        manifest = self.store.manifest(ref)
        if manifest is None:
            self.missing.append(stage.name)
        else:
            ref = unless_the_same(self.store, stage, config, given, ref)
            if said := stage.other_maker(self.store.manifest(ref) or manifest):
                self.other_code[stage.name] = said
        self.refs[stage.name] = ref
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
        artifact = self.store.open(ref)
        self.observer.finished(
            stage.name, ref, reused=reused, other_code=stage.other_maker(artifact.manifest)
        )
        self.observer.noted(stage.name, artifact.notes)
        return self.record.settled(stage, config, given, ref, self.observer)


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
        return self.record.settled(stage, config, given, ref, OBSERVER.get())


def unless_the_same(
    store: ArtifactStore, stage: Stage[Out], config: FrozenModel, given: dict[str, Ref],
    made: ArtifactRef[Out],
) -> ArtifactRef[Out]:  # fmt: skip
    """What was made anew; what was there before, if the two are the same to the byte.

    What stands on it then need not be made anew.
    """
    if not (isinstance(config, StageConfig) and config.anew):
        return made
    before = output_ref(stage, config.model_copy(update={"anew": ""}), given)
    pair = (store.manifest(before), store.manifest(made))
    if pair[0] is None or pair[1] is None or pair[0].content != pair[1].content:
        return made
    try:
        return before if store.claim(before) else made
    except MissingArtifactError:  # A sweep is just removing it.
        return made


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
    _written: dict[str, Any] | None = None

    def settled(
        self, stage: Stage[Out], config: FrozenModel, given: dict[str, Ref],
        made: ArtifactRef[Out], observer: Observer,
    ) -> ArtifactRef[Out]:  # fmt: skip
        """Note that the stage's artifact is there; answers what the stages after it stand on."""
        ref = unless_the_same(self.store, stage, config, given, made)
        if ref != made:
            observer.noted(stage.name, ["made anew, it is the same to the byte: what was is kept"])
        manifest = self.store.manifest(ref)
        self.add(stage.name, ref, other_code=stage.other_maker(manifest) if manifest else "")
        return ref

    def add(self, stage: str, ref: Ref, *, other_code: str = "") -> None:
        """Note that the stage's artifact is there, and what other code made it."""
        said = {**self.record.other_code, **({stage: other_code} if other_code else {})}
        self.update(stages={**self.record.stages, stage: ref}, other_code=said)

    def stopped(self, stage: str, error: BaseException) -> None:
        """Note that the stage stopped short, and how."""
        if isinstance(error, StoreUnreachableError):
            return  # It would not take the note either, after as long a wait.
        # A store that cannot even take the note must not hide why the stage failed.
        with suppress(Exception):
            self.update(unfinished={**self.record.unfinished, stage: ending_of(error)})

    def completed(self, **fields: Any) -> None:
        """Note that all is done; what the run named before and still stands counts as its own."""
        stages, former = self.record.stages, self.record.former
        rest = {stage: ref for stage, ref in former.items() if stage not in stages}
        if all(former.get(stage, ref) == ref for stage, ref in stages.items()):
            # The same chain, up to a stage: what came after it is what it was.
            said = {s: by for s, ref in rest.items() if (m := self.store.manifest(ref))
                    and (by := other_maker(m))}  # fmt: skip
            fields["other_code"] = {**said, **self.record.other_code}
            stages, rest = {**former, **stages}, {}
        self.update(state="completed", stages=stages, former=rest, **fields)

    def update(self, **fields: Any) -> None:
        """Change fields of the record and write it; what another had written is named further on.

        That is the run's own from before, or of the same request at work elsewhere.
        """
        path = f"runs/{self.record.name}.json"
        theirs = None
        with suppress(CorruptArtifactError):
            if self.store.get_record(path) != self._written:
                theirs = read_record(self.store, path, RunRecord)
        if theirs is not None:
            mine = fields.get("former", self.record.former)
            fields["former"] = {**theirs.former, **mine, **theirs.stages}
        self.record = self.record.model_copy(update=fields)
        save_record(self.store, self.record)
        self._written = self.record.model_dump(mode="json")


def _given(inputs: dict[str, Ref | None]) -> dict[str, Ref]:
    return {name: ref for name, ref in inputs.items() if ref is not None}
