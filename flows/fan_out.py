"""A stage spread over workers: shards under the task runner that the settings name.

What a stage says in its ``fan_out`` is carried out here: what is shared is collected once and made
in shards, each an artifact of its own, so that a shard may be made in another process, on another
pool (``XSIM_POOLS``) or on a Dask or Ray cluster, and is there for the next try. What they hold is
put where the stage keeps its own work; the stage then makes the same bytes under the same ref as it
would alone.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tasks.engine.limits import SIDE_BY_SIDE, STOP
from tasks.engine.observer import OBSERVER, Observer
from tasks.engine.routing import IS_ROUTED
from tasks.settings import Settings, load_settings
from tasks.stages import task_of
from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import MissingDependencyError
from xsim_core.named import named
from xsim_core.stage import FanOut, Stage, output_ref
from xsim_core.stages import get_stage

from .records.at_work import WorkNote

COLLECTED = "collected"
_NOTE: ContextVar[WorkNote] = ContextVar("note")


@contextmanager
def fanned_out(
    stage: Stage,
    config: FrozenModel,
    inputs: Mapping[str, ArtifactRef],
    note: WorkNote,
) -> Generator[None]:
    """Have workers do the work of the stage that the block will run; one with ``fan_out``.

    Inside the block stages run on this machine, where the shards were gathered. The run's ``note``
    names the shards before they are made: the first may lie for days until the last is there.
    """
    settings, fan_out = load_settings(), stage.fan_out
    assert fan_out is not None
    store, ref = settings.open_store(), output_ref(stage, config, inputs)
    if not store.claim(ref):
        spread = shards.with_options(task_runner=task_runner(settings))
        kept_by = _NOTE.set(note)
        try:
            collected, made = spread(stage.name, dict(inputs), config, settings.num_shards)
        finally:
            _NOTE.reset(kept_by)
        gather = named(fan_out.gather) if isinstance(fan_out.gather, str) else fan_out.gather
        gather(store.open(collected), [store.open(shard) for shard in made], store.scratch_of(ref))
    token = IS_ROUTED.set(True)
    try:
        yield
    finally:
        IS_ROUTED.reset(token)


@flow(
    name="shards",
    flow_run_name="{stage} in {num_shards} shards",
    persist_result=False,
    log_prints=False,
)
def shards(
    stage: str, inputs: dict[str, ArtifactRef], config: FrozenModel, num_shards: int
) -> tuple[ArtifactRef, list[ArtifactRef]]:
    """What a stage shares, and its shards.

    Args:
        stage: whose work.
        inputs: refs by input name.
        config: of the stage.
        num_shards: how many; with fewer to share, fewer.
    """
    # Dask and Ray pickle this function by value, with what it names: no context variables here.
    return _spread(stage, inputs, config, num_shards)


def _spread(
    stage: str, inputs: dict[str, ArtifactRef], config: FrozenModel, num_shards: int
) -> tuple[ArtifactRef, list[ArtifactRef]]:
    fan_out = get_stage(stage).fan_out
    assert fan_out is not None
    stop = Event()
    told = _Progress(OBSERVER.get(), stage, fan_out, num_shards)
    tokens = (STOP.set(stop), OBSERVER.set(_Part(told, COLLECTED)), SIDE_BY_SIDE.set(1))
    try:
        made = task_of(fan_out.collect.name)(**inputs, config=config, return_state=True)
        collected: ArtifactRef = made.result()
        summary = load_settings().open_store().open(collected).summary
        told.num_shards = min(num_shards, getattr(summary, fan_out.count))
        of_shards = {**inputs, **_as_input(fan_out, collected)}
        parts = _parts(fan_out, of_shards, config, told.num_shards)
        _NOTE.get().add([collected, *(output_ref(fan_out.shard, *part) for part in parts)])
        futures: list[PrefectFuture[Any]] = []
        # A task that a thread takes up sees the context of its submission; one that Dask, Ray or
        # another pool takes up does not, and has the cores of where it is.
        SIDE_BY_SIDE.set(told.num_shards)
        for k, (part, given) in enumerate(parts):
            OBSERVER.set(_Part(told, k))
            task = task_of(fan_out.shard.name)
            named_task: Any = task.with_options(task_run_name=f"shard {k + 1} of {len(parts)}")
            futures.append(named_task.submit(**given, config=part))
        # All are waited for before one is asked: what the others made is kept for the next try.
        for future in futures:
            future.wait()
        return collected, [future.state.result() for future in futures]
    except BaseException:
        # Threads do not hear of Ctrl-C; the stages that they wait for are ended by this.
        stop.set()
        raise
    finally:
        STOP.reset(tokens[0])
        OBSERVER.reset(tokens[1])
        SIDE_BY_SIDE.reset(tokens[2])


def _parts(
    fan_out: FanOut, refs: Mapping[str, ArtifactRef], config: FrozenModel, count: int
) -> list[tuple[FrozenModel, dict[str, ArtifactRef]]]:
    """Configuration and inputs of each shard."""
    shard = fan_out.shard
    given = {name: refs[name] for name in shard.inputs}
    fields = {**dict(config), "num_shards": count}
    return [(shard.config.model_validate({**fields, "shard": k}), given) for k in range(count)]


def _as_input(fan_out: FanOut, collected: ArtifactRef) -> dict[str, ArtifactRef]:
    """What was collected, by the name under which a shard takes its kind."""
    kinds = fan_out.shard.inputs.items()
    return {name: collected for name, kind in kinds if kind is fan_out.collect.output}


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """Where the shards' tasks run: ``XSIM_TASK_RUNNER``.

    Raises:
        MissingDependencyError: when Dask or Ray was asked for and is not installed.
    """
    kind, address = settings.task_runner, settings.task_runner_address
    try:
        if kind == "dask":
            dask = named("prefect_dask:DaskTaskRunner")
            if address:
                return dask(address=address)
            # A process for each shard, as with threads.
            local = {"n_workers": settings.num_shards, "threads_per_worker": 1}
            return dask(cluster_kwargs=local)
        if kind == "ray":
            return named("prefect_ray:RayTaskRunner")(address=address)
    except ImportError as error:
        raise MissingDependencyError(
            f"XSIM_TASK_RUNNER={kind} needs prefect-{kind}: install it into this environment with "
            f"pip install '.[{kind}]', on every machine of the cluster too."
        ) from error
    threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=settings.num_shards)
    return threads


@dataclass
class _Progress:
    """The progress of all parts, told as that of the stage."""

    outer: Observer
    stage: str
    fan_out: FanOut
    num_shards: int
    parts: dict[str | int, float] = field(default_factory=dict)
    done: dict[str | int, float] = field(default_factory=dict)

    def tell(self, part: str | int, fraction: float, figures: Mapping[str, float]) -> None:
        unit, share = self.fan_out.unit, self.fan_out.collect_share
        self.parts[part] = fraction
        self.done[part] = figures.get(unit, 0.0)
        sharded = sum(v for k, v in self.parts.items() if k != COLLECTED) / self.num_shards
        total = share * self.parts.get(COLLECTED, 0.0) + (1 - share) * sharded
        done = sum(v for k, v in self.done.items() if (k == COLLECTED) == (sharded == 0))
        self.outer.progressed(self.stage, total, {unit: done})


@dataclass
class _Part:
    """Hears of one part."""

    progress: _Progress
    part: str | int

    def started(self, stage: str) -> None:
        if self.part == COLLECTED:
            self.progress.outer.started(self.progress.stage)

    def progressed(self, stage: str, fraction: float, figures: dict[str, float]) -> None:
        self.progress.tell(self.part, fraction, figures)

    def finished(
        self, stage: str, ref: ArtifactRef | None, *, reused: bool, other_code: str = ""
    ) -> None:
        pass

    def noted(self, stage: str, notes: Sequence[str]) -> None:
        pass

    def failed(self, stage: str, error: BaseException) -> None:
        pass
