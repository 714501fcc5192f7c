"""Hand a stage to the work pool that has what it needs, and wait for it there.

Only names, plain values and refs travel; the artifact comes back through the store. The deployment
``stage/<pool>`` (see ``flows.stage``) carries it out.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.states import Cancelling

from tasks.settings import Settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import StageDiedError, StageTimeoutError, XSimError
from xsim_core.stage import Stage

from .child import STAGES, as_plain
from .limits import raise_if_stopped

POLL_S = 2.0

IS_ROUTED: ContextVar[bool] = ContextVar("xsim_is_routed", default=False)
"""Set where a stage has already arrived at its pool: there it is run, wherever it would be sent."""


def pool_of(stage: Stage, settings: Settings) -> str | None:
    """The pool that the stage is sent to; None when it runs here."""
    return None if IS_ROUTED.get() else settings.pools.get(stage.name)


def run_on_pool(
    pool: str,
    stage: Stage,
    config: FrozenModel,
    inputs: Mapping[str, ArtifactRef],
    settings: Settings,
    *,
    find: str = STAGES,
) -> None:
    """Have a worker of another pool make the stage's artifact; cancelled with whatever ends this.

    Raises:
        StageTimeoutError: when it took longer than the stage's timeout, waiting included.
        StageDiedError: when its process died there; trying again can help.
        XSimError: when it failed there, after its retries, or was cancelled.
    """
    run: Any = run_deployment(
        f"stage/{pool}",
        parameters=as_plain(stage, config, inputs, find),
        timeout=0,
        flow_run_name=f"{stage.name} on {pool}",
    )
    try:
        ended = _await_end(run.id, settings.timeout_of(stage.name))
    except BaseException:
        # A server that cannot be told must not hide why this ended.
        with suppress(Exception), get_client(sync_client=True) as client:
            client.set_flow_run_state(run.id, Cancelling())
        raise
    _check(ended, f"stage {stage.name} on pool {pool}")


def _await_end(flow_run: UUID, timeout_s: float | None) -> FlowRun:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with get_client(sync_client=True) as client:
        while True:
            run = client.read_flow_run(flow_run)
            if run.state is not None and run.state.is_final():
                return run
            if deadline is not None and time.monotonic() > deadline:
                raise StageTimeoutError(
                    f"{run.name} took longer than {timeout_s:g} s and was cancelled (now: "
                    f"{run.state_name}). Raise XSIM_STAGE_TIMEOUT_S, or start a worker there."
                )
            raise_if_stopped()
            time.sleep(POLL_S)


def _check(run: FlowRun, what: str) -> None:
    assert run.state is not None
    match run.state.type:
        case StateType.COMPLETED:
            return
        case StateType.CRASHED:
            raise StageDiedError(f"{what} died: {run.state.message}")
        case _:
            raise XSimError(f"{what} ended as {run.state.name}: {run.state.message}")
