"""What flows share that go on from an earlier run: what it made, and a record of their own."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from prefect.runtime import flow_run

from tasks.settings import Settings, load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.presets import PipelineConfig
from xsim_core.runs import FlowCall, RunRecord, RunRequest, load_record
from xsim_core.storage import ArtifactStore

from . import pipeline
from .executors import AsTasks
from .prefect_server.suspension import let_go
from .records.naming import take_name
from .records.recorder import Recorder
from .requests import configuration
from .run_page import show_name
from .runs import recorded


class ResumedRun(NamedTuple):
    """An earlier run, and the one that goes on from it."""

    settings: Settings
    store: ArtifactStore
    config: PipelineConfig
    recorder: Recorder
    made: dict[str, ArtifactRef]
    """What the earlier run made, by stage."""

    @property
    def executor(self) -> AsTasks:
        """Carries stages out as tasks of the current flow run."""
        return AsTasks(self.recorder)

    @property
    def found(self) -> pipeline.Reconstruction:
        """What was found in photos and video."""
        return pipeline.Reconstruction.of(self.made)


@contextmanager
def resume_run(
    run: str, request: RunRequest, needs: tuple[str, ...], *, call: FlowCall | None = None
) -> Generator[ResumedRun]:
    """Go on from an earlier run.

    Args:
        run: the earlier run's name.
        request: what this one is called, and with which settings. It names no capture: none is
            read, and a backfill must not take these settings for the capture's own.
        needs: stages that the earlier run must have made.
        call: how this one is asked for again, where it may wait for a review.

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
    config = configuration(request)
    name = take_name(store, request, None, base=request.run_name)
    show_name(name)
    let_go(store, name)
    record = RunRecord(
        name=name, request=request, stages=made, flow_run_url=flow_run.ui_url, call=call
    )
    with recorded(store, record) as recorder:
        yield ResumedRun(settings, store, config, recorder, made)
