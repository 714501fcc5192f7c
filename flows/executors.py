"""How a flow's page of calls is carried out: planned, run in this process, or as Prefect tasks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from tasks.engine.observer import OBSERVER, Observer
from tasks.settings import load_settings
from xsim_core.artifacts import Artifact, ArtifactRef, Manifest, ObjectTrack
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.stages import BUILD_SIM, REVIEW_TRACK
from xsim_core.storage import ArtifactStore, Runtime

from .records.awaiting import AwaitsError, AwaitsReviewError
from .records.recorder import Recorder, unless_the_same

Ref = ArtifactRef
T = TypeVar("T")
Out = TypeVar("Out", bound=Artifact)


class Executor(Protocol):
    """Make the artifact of one stage."""

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The ref of the stage's artifact; inputs that are None are left out."""
        ...


class StoreExecutor(Executor, Protocol):
    """One that knows where artifacts lie."""

    @property
    def store(self) -> ArtifactStore:
        """Where artifacts lie."""
        ...


def until_reviewed(
    execute: StoreExecutor, *, asks: bool = True, reviewed: Ref | None = None
) -> Executor:
    """The same, which stops before a world is built from a track that a person should look at.

    Whoever gave a reason to take a failing track (``build_sim.accept_track``) is not asked again.

    Args:
        execute: how each stage is carried out.
        asks: whether to stop there.
        reviewed: the reviewed track that was brought.

    Returns:
        An executor that raises AwaitsReviewError there, and BadInputError where the reviewed track
        is of another run's.
    """

    def asking(stage: Stage[Out], config: FrozenModel, **inputs: Ref | None) -> ArtifactRef[Out]:
        track = inputs.get("track")
        if stage is REVIEW_TRACK and output_ref(stage, config, _given(inputs)) != reviewed:
            raise BadInputError(
                f"{reviewed} is a review of another track than this run's ({track}): the capture, "
                "the settings of pose_track or the code are others. Review this one."
            )
        is_taken = bool(getattr(config, "accept_track", ""))
        if asks and stage is BUILD_SIM and track is not None and not is_taken:
            check_reviewed(execute.store, track)
        return execute(stage, config, **inputs)

    return asking


def check_reviewed(store: ArtifactStore, track: Ref) -> None:
    """Go no further with a track that a person should look at.

    Raises:
        AwaitsReviewError: when nobody did.
    """
    manifest = store.manifest(track)
    if manifest is not None and _is_doubtful(manifest):
        raise AwaitsReviewError(track.of(ObjectTrack))


def _is_doubtful(manifest: Manifest) -> bool:
    """Whether a person should look at a track, and nobody did."""
    track = ObjectTrack.model_validate(manifest.summary)
    return track.verdict in ("review", "fail") and track.review is None


class _ReachedError(Exception):
    """The stage at which to stop is made; never leaves ``up_to``."""


def up_to(until: str | None, execute: Executor, page: Callable[[Executor], T]) -> T | None:
    """Carry out a page of calls, or what one of its stages needs.

    Args:
        until: the last stage to carry out; None for all. Of those before it the ones that it does
            not stand on are left out; what comes from outside is taken in as a whole.
        execute: how each is carried out.
        page: the calls, such as ``whole_chain`` with its configuration.

    Returns:
        What the page answers; None when it was left at ``until``.
    """
    needed = None if until is None else _needed_for(until, page)

    def stopping(stage: Stage[Out], config: FrozenModel, **inputs: Ref | None) -> ArtifactRef[Out]:
        is_from_outside = not _given(inputs)
        if needed is not None and stage.name not in needed and not is_from_outside:
            return _stand_in(stage)
        ref = execute(stage, config, **inputs)
        if stage.name == until:
            raise _ReachedError
        return ref

    try:
        return page(stopping)
    except _ReachedError:
        return None


def _needed_for(until: str, page: Callable[[Executor], Any]) -> set[str] | None:
    """The stage and all that it stands on, by name; None where the page has no such stage."""
    stands_on: dict[str, set[str]] = {}

    def noting(stage: Stage[Out], config: FrozenModel, **inputs: Ref | None) -> ArtifactRef[Out]:
        del config
        before = {ref.fingerprint for ref in _given(inputs).values()}
        stands_on[stage.name] = before.union({stage.name}, *(stands_on[name] for name in before))
        return _stand_in(stage)

    with suppress(AwaitsError):
        page(noting)
    return stands_on.get(until)


def _stand_in(stage: Stage[Out]) -> ArtifactRef[Out]:
    """What a page passes on in place of an artifact that nobody makes."""
    ref = ArtifactRef.model_construct(kind=stage.name, fingerprint=stage.name)
    return cast("ArtifactRef[Out]", ref)


@dataclass
class Plan:
    """Computes every ref without running anything, and looks which ones the store has."""

    store: ArtifactStore
    refs: dict[str, Ref] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    other_code: dict[str, str] = field(default_factory=dict)
    """Stages that are there and were made by other code than this, and by which."""
    awaits: str = ""
    """What is waited for, rollouts or a review; what comes after is not known before."""

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
    record: Recorder

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

    record: Recorder
    find_task: Callable[[str], Callable[..., Any]] | None = None
    """Task by stage name; that of ``tasks.stages`` unless a test brings its own."""

    @property
    def store(self) -> ArtifactStore:
        """Where artifacts lie."""
        return self.record.store

    def __call__(
        self, stage: Stage[Out], config: FrozenModel, **inputs: Ref | None
    ) -> ArtifactRef[Out]:
        """The stage's artifact; the task answers from the store when it is there."""
        task, given = (self.find_task or task_of)(stage.name), _given(inputs)
        # As a state: called plainly, Prefect hands a task's own "Reused" state on as data.
        try:
            with _shared(stage, config, given, self.record):
                state = task(**given, config=config, return_state=True)
            ref: ArtifactRef[Out] = state.result()
        except BaseException as error:
            self.record.stopped(stage.name, error)
            raise
        return self.record.settled(stage, config, given, ref, OBSERVER.get())


def _shared(
    stage: Stage, config: FrozenModel, given: dict[str, Ref], record: Recorder
) -> AbstractContextManager[None]:
    """Where the stage's work is spread over workers, if somebody asked for that."""
    if stage.fan_out is None or load_settings().num_shards < 2:
        return nullcontext()
    # Here: it makes a flow, and with that a tenth of what the run of a finished chain takes.
    from .fan_out import fanned_out

    return fanned_out(stage, config, given, record.note)


def task_of(stage_name: str) -> Callable[..., Any]:
    """The Prefect task of a stage: the same name in every layer."""
    from tasks.stages import task_of as find  # It imports Prefect: see above.

    return find(stage_name)


def _given(inputs: dict[str, Ref | None]) -> dict[str, Ref]:
    return {name: ref for name, ref in inputs.items() if ref is not None}
