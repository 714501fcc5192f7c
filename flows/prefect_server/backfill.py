"""Runs for captures that were done before, when a stage is to be made anew."""

import hashlib
from pathlib import Path
from typing import Any

from flows.pipeline import RECONSTRUCTED
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import RunRecord, RunRequest, load_record, load_records, plain_name
from xsim_core.stages import STAGES
from xsim_core.storage import ArtifactStore

from . import NEW_VIDEO
from .server import start_server, use_server

SEEDED = {stage.name: stage.seed for stage in STAGES if stage.seed is not None}
"""What can be made anew, and the field of its seed. The other stages have one answer."""


def plan_backfill(
    store: ArtifactStore,
    start: str,
    runs: tuple[str, ...] = (),
    *,
    seed: int,
    preset: str | None = None,
) -> list[RunRequest]:
    """What would be submitted.

    Args:
        store: where run records lie.
        start: the first stage to make anew. Those after it follow by their inputs.
        runs: names of runs; all completed ones that started from a capture when empty, but for
            those whose record cannot be read (``xsim status`` names them).
        seed: of the first stage.
        preset: of the new runs; each run's own when empty, so that what came before the stage is
            found in the store.

    Raises:
        UnknownNameError: for an unknown stage or run.
        BadInputError: for a run that was not made from a capture's folder.
    """
    if start not in SEEDED:
        raise UnknownNameError("stage to fill from", start, SEEDED)
    if runs:
        records = [load_record(store, name) for name in runs]
    else:
        records = _originals(load_records(store)[0])
    for record in records:
        if not record.request.capture:
            raise BadInputError(f"run '{record.name}' was not made from a capture's folder")
    return [_anew(record, start, seed, preset) for record in records]


def _anew(record: RunRecord, start: str, seed: int, preset: str | None) -> RunRequest:
    """The same again but for one seed, which changes its stage's artifact and all that follow."""
    asked = record.request.overrides
    return record.request.model_copy(
        update={
            "name": f"{plain_name(record.name)}-{start}-{seed}",
            "preset": preset or record.request.preset,
            "overrides": {**asked, start: {**asked.get(start, {}), SEEDED[start]: seed}},
        }
    )


def _originals(records: list[RunRecord]) -> list[RunRecord]:
    """One completed run for each reconstructed capture: the newest."""
    newest: dict[str, RunRecord] = {}
    for record in sorted(records, key=lambda r: r.started):
        is_original = record.state == "completed" and record.request.capture
        if is_original and record.stages.keys() >= set(RECONSTRUCTED):
            newest[str(record.stages["ingest_capture"])] = record
    return list(newest.values())


def submit(home: Path, planned: RunRequest, *, deployment: str = NEW_VIDEO) -> str:
    """Start the run on a worker, or find the one of the same name and settings; answers its id.

    One that failed, crashed or was cancelled is started again: what it had committed is reused.
    """
    use_server(home, start_server(home))
    from prefect.deployments import run_deployment

    key = hashlib.sha256(planned.model_dump_json().encode()).hexdigest()
    attempt = 1
    while True:
        run: Any = run_deployment(
            deployment,
            parameters=planned.parameters(),
            timeout=0,
            flow_run_name=planned.run_name,
            idempotency_key=f"backfill-{key}-{attempt}",
            as_subflow=False,
            tags=["backfill"],
        )
        if run.state is None or run.state.is_completed() or not run.state.is_final():
            return str(run.id)
        attempt += 1
