"""The one body that every task shares: run a stage, or show that its artifact was reused."""

import errno
from collections.abc import Callable, Mapping
from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.tasks import exponential_backoff

from tasks.settings import Settings, load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import StageDiedError, XSimError
from xsim_core.stage import Stage, output_ref, run_stage

from .child import STAGES, run_in_child
from .gpu import computes_on_gpu, gpu_slot
from .limits import share_of
from .observer import OBSERVER
from .presentation import ProgressArtifact, publish_summary
from .routing import pool_of, run_on_pool

Inputs = Mapping[str, ArtifactRef | None]

# Mistakes in code do not heal either; waiting half a minute before showing them helps nobody.
_BUGS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError,
    NotImplementedError, SyntaxError, TypeError, ValueError,
)  # fmt: skip


def is_retryable(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: lost connections and devices, not bad input or full disks."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EACCES, errno.EROFS):
        return False
    if isinstance(error, StageDiedError):
        return True
    return isinstance(error, Exception) and not isinstance(error, (XSimError, *_BUGS))


TASK_POLICY: dict[str, Any] = {
    # The store is the one cache: Prefect's own answers "Cached" for artifacts that were deleted.
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(5),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
    "log_prints": False,
}


def execute(stage: Stage, config: FrozenModel, inputs: Inputs, *, find: str = STAGES) -> Any:
    """Run a stage inside a Prefect task: in a process of its own, or on the pool it is routed to.

    Args:
        stage: what to run.
        config: its configuration.
        inputs: refs by input name; None for those that are absent.
        find: where the stage's process finds the stage by its name, as module:function.

    Returns:
        The artifact's ref, or a ``Reused`` state that carries it when the store had it already.
    """
    settings = load_settings()
    store = settings.open_store()
    given = {name: ref for name, ref in inputs.items() if ref is not None}
    observer = OBSERVER.get()
    observer.started(stage.name)
    reused = store.claim(ref := output_ref(stage, config, given))
    if not reused:
        try:
            if pool := pool_of(stage, settings):
                run_on_pool(pool, stage, config, given, settings, find=find)
            else:
                _make(stage, config, given, settings, find)
            if not store.claim(ref):
                raise XSimError(f"stage {stage.name} ended well, but {ref} is not in {store.url}")
        except BaseException as error:
            observer.failed(stage.name, error)
            raise
    artifact = store.open(ref)
    by = stage.other_maker(artifact.manifest)
    observer.finished(stage.name, ref, reused=reused, other_code=by)
    observer.noted(stage.name, artifact.notes)
    publish_summary(stage.name, artifact, home=settings.home, reused=reused, other_code=by)
    if reused:
        said = f"{ref} was in the store" + (f", made by {by}." if by else ".")
        return Completed(name="Reused", message=said, data=ref)
    return ref


def _make(
    stage: Stage,
    config: FrozenModel,
    given: Mapping[str, ArtifactRef],
    settings: Settings,
    find: str,
) -> None:
    """Run the stage on this machine."""
    on_gpu = computes_on_gpu(stage, settings.runtime.device)
    with gpu_slot(config, is_on_gpu=on_gpu), ProgressArtifact(stage.name) as artifact:
        progress = _tee(stage.name, artifact.update, OBSERVER.get().progressed)
        if settings.stage_processes:
            run_in_child(stage, config, given, settings, progress=progress, find=find)
        else:
            run_stage(
                stage,
                config,
                settings.open_store(),
                given,
                runtime=share_of(settings.runtime),
                progress=progress,
            )


def _tee(
    stage: str,
    artifact: Callable[[float, dict[str, float]], None],
    terminal: Callable[[str, float, dict[str, float]], None],
) -> Callable[[float, dict[str, float]], None]:
    def progress(fraction: float, figures: dict[str, float]) -> None:
        terminal(stage, fraction, figures)
        artifact(fraction, figures)

    return progress
