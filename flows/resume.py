"""What flows share that go on from an earlier run: what it made, and a record of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from prefect.runtime import flow_run

from tasks.settings import Settings, load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.presets import Fields, PipelineConfig, pipeline_config
from xsim_core.runs import RunRecord, load_record
from xsim_core.storage import ArtifactStore

from . import pipeline
from .executors import AsTasks, Recorder
from .runs import recorded


class Continued(NamedTuple):
    """An earlier run, and the one that goes on from it."""

    settings: Settings
    store: ArtifactStore
    config: PipelineConfig
    recorder: Recorder
    made: dict[str, ArtifactRef[Any]]
    """What the earlier run made, by stage."""

    @property
    def call(self) -> AsTasks:
        """Carries stages out as tasks of the current flow run."""
        return AsTasks(self.recorder)

    @property
    def sim(self) -> pipeline.Reconstruction:
        """What the simulator is built from."""
        return pipeline.Reconstruction(
            self.made["scan"], self.made["splat"], self.made["pose_track"]
        )


@contextmanager
def continued(
    run: str, step: str, needs: tuple[str, ...], *, preset: str, task: str | None,
    overrides: Fields | None,
) -> Iterator[Continued]:  # fmt: skip
    """Go on from an earlier run under the name ``run-step``.

    Args:
        run: the earlier run's name.
        step: what this one is called.
        needs: stages that the earlier run must have made.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.

    Raises:
        BadInputError: when the earlier run did not get so far.
    """
    settings = load_settings()
    store = settings.open_store()
    made = load_record(store, run).stages
    if missing := [stage for stage in needs if stage not in made]:
        raise BadInputError(
            f"run '{run}' has not made {', '.join(missing)} yet. Start it again: it goes on."
        )
    config = pipeline_config(preset, task=task, overrides=overrides)
    record = RunRecord(
        name=f"{run}-{step}", preset=preset, task=task or "", stages=made,
        flow_run_url=flow_run.ui_url,
    )  # fmt: skip
    with recorded(store, record) as recorder:
        yield Continued(settings, store, config, recorder, made)
