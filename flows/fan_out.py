"""``render_dataset`` spread over workers: shards under the task runner that the settings name.

Rollouts are collected once and rendered in shards, each an artifact of its own, so that a shard may
be made in another process, on another pool (``XSIM_POOLS``) or on a Dask or Ray cluster, and is
there for the next try. What they hold is put where ``render_dataset`` keeps its own work; the stage
then makes the same bytes under the same ref as it would alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from prefect import flow
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tasks.collect_rollouts import collect_rollouts
from tasks.engine.child import STOP
from tasks.engine.observer import OBSERVER, Observer
from tasks.engine.routing import IS_ROUTED
from tasks.render_shard import render_shard
from tasks.settings import Settings, load_settings
from xsim_core.artifacts import ArtifactRef, SimWorld, TeacherPolicy
from xsim_core.config import FrozenModel
from xsim_core.errors import MissingDependencyError
from xsim_core.render_dataset import RenderDatasetConfig, RenderShardConfig
from xsim_core.stage import Stage, output_ref
from xsim_core.stages import RENDER_DATASET

ROLLOUTS_SHARE = 0.2
"""Of the time that the stage takes."""


@contextmanager
def fanned_out(
    stage: Stage, config: FrozenModel, inputs: Mapping[str, ArtifactRef[Any]]
) -> Iterator[None]:
    """Have workers do the work of the stage that the block will run, where it can be shared.

    That is ``render_dataset`` with ``XSIM_RENDER_SHARDS`` of two or more. Inside the block stages
    run on this machine, where the shards were gathered.
    """
    settings = load_settings()
    if stage is not RENDER_DATASET or settings.render_shards < 2:
        yield
        return
    store, ref = settings.open_store(), output_ref(stage, config, inputs)
    if not store.claim(ref):
        from xsim_core.render_dataset import gather_shards

        spread = render_shards.with_options(task_runner=task_runner(settings))
        rollouts, shards = spread(
            inputs["teacher"], inputs["sim"],
            RenderDatasetConfig.model_validate(config), settings.render_shards,
        )  # fmt: skip
        gather_shards(store.open(rollouts), [store.open(s) for s in shards], store.scratch_of(ref))
    token = IS_ROUTED.set(True)
    try:
        yield
    finally:
        IS_ROUTED.reset(token)


@flow(
    name="render-shards", flow_run_name="render_dataset in {num_shards} shards",
    persist_result=False, log_prints=False,
)  # fmt: skip
def render_shards(
    teacher: ArtifactRef[TeacherPolicy],
    sim: ArtifactRef[SimWorld],
    config: RenderDatasetConfig,
    num_shards: int,
) -> tuple[ArtifactRef[Any], list[ArtifactRef[Any]]]:
    """The rollouts of a dataset, and its pictures in shards.

    Args:
        teacher: whose rollouts.
        sim: the simulator's world.
        config: of the dataset.
        num_shards: how many; with fewer episodes, fewer.
    """
    # Dask and Ray pickle this function by value, with what it names: no context variables here.
    return _render(teacher, sim, config, num_shards)


def _render(
    teacher: ArtifactRef[TeacherPolicy],
    sim: ArtifactRef[SimWorld],
    config: RenderDatasetConfig,
    num_shards: int,
) -> tuple[ArtifactRef[Any], list[ArtifactRef[Any]]]:
    outer, stop = OBSERVER.get(), Event()
    told = _Progress(outer, num_shards)
    tokens = (STOP.set(stop), OBSERVER.set(_Part(told, "rollouts")))
    try:
        made = collect_rollouts(teacher, sim, config=config, return_state=True)
        rollouts: ArtifactRef[Any] = made.result()
        store = load_settings().open_store()
        count = min(num_shards, store.open(rollouts).summary.num_episodes)
        told.num_shards = count
        futures = []
        for k in range(count):
            # A task that a thread takes up sees the context of its submission.
            OBSERVER.set(_Part(told, k))
            part = RenderShardConfig(**dict(config), shard=k, num_shards=count)
            named = render_shard.with_options(task_run_name=f"shard {k + 1} of {count}")
            futures.append(named.submit(rollouts, sim, config=part))
        # All are waited for before one is asked: what the others made is kept for the next try.
        for future in futures:
            future.wait()
        return rollouts, [future.state.result() for future in futures]
    except BaseException:
        # Threads do not hear of Ctrl-C; the stages that they wait for are ended by this.
        stop.set()
        raise
    finally:
        STOP.reset(tokens[0])
        OBSERVER.reset(tokens[1])


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """Where the shards' tasks run: ``XSIM_TASK_RUNNER``.

    Raises:
        MissingDependencyError: when Dask or Ray was asked for and is not installed.
    """
    kind, address = settings.task_runner, settings.task_runner_address
    try:
        if kind == "dask":
            from prefect_dask import (  # pyright: ignore[reportMissingImports]
                DaskTaskRunner,
            )

            if address:
                return DaskTaskRunner(address=address)
            # A process for each shard, as with threads.
            local = {"n_workers": settings.render_shards, "threads_per_worker": 1}
            return DaskTaskRunner(cluster_kwargs=local)
        if kind == "ray":
            from prefect_ray import RayTaskRunner  # pyright: ignore[reportMissingImports]

            return RayTaskRunner(address=address)
    except ImportError as error:
        raise MissingDependencyError(
            f"XSIM_TASK_RUNNER={kind} needs prefect-{kind}: install it into this environment with "
            f"pip install '.[{kind}]', on every machine of the cluster too."
        ) from error
    return ThreadPoolTaskRunner(max_workers=settings.render_shards)


@dataclass
class _Progress:
    """The progress of all parts, told as that of ``render_dataset``."""

    outer: Observer
    num_shards: int
    parts: dict[str | int, float] = field(default_factory=dict)
    episodes: dict[str | int, float] = field(default_factory=dict)

    def tell(self, part: str | int, fraction: float, figures: Mapping[str, float]) -> None:
        self.parts[part] = fraction
        self.episodes[part] = figures.get("episodes", 0.0)
        rendered = sum(v for k, v in self.parts.items() if k != "rollouts") / self.num_shards
        total = ROLLOUTS_SHARE * self.parts.get("rollouts", 0.0) + (1 - ROLLOUTS_SHARE) * rendered
        episodes = sum(v for k, v in self.episodes.items() if (k == "rollouts") == (rendered == 0))
        self.outer.progressed(RENDER_DATASET.name, total, {"episodes": episodes})


@dataclass
class _Part:
    """Hears of one part."""

    progress: _Progress
    part: str | int

    def started(self, stage: str) -> None:
        if self.part == "rollouts":
            self.progress.outer.started(RENDER_DATASET.name)

    def progressed(self, stage: str, fraction: float, figures: dict[str, float]) -> None:
        self.progress.tell(self.part, fraction, figures)

    def finished(self, stage: str, ref: ArtifactRef[Any] | None, *, reused: bool) -> None:
        pass

    def noted(self, stage: str, notes: Sequence[str]) -> None:
        pass

    def failed(self, stage: str, error: BaseException) -> None:
        pass
