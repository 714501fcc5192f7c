"""A flow run that waits for a person: suspended by Prefect, so that no process waits with it.

For a robot's rollouts, or for a look at the object's track.

Prefect suspends runs of deployments alone (``xsim deploy`` makes them), as a worker has to go on
with them; another run ends, in a state that says what it waits for.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound, Pause
from prefect.flow_runs import resume_flow_run, suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Pending, State

from flows.records.awaiting import REVIEW_WAITS, WAITS, commands, review_commands
from xsim_core.errors import BadInputError, CorruptArtifactError, MissingArtifactError
from xsim_core.rollouts import IngestRolloutsConfig
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore, read_record

from . import NEW_VIDEO
from .heartbeats import AT_REST

REST_SAID = 3
"""Times, a second apart."""


class BroughtRollouts(RunInput):
    """What whoever resumes the flow run has to say."""

    rollouts: str
    """A folder of recordings on the worker's machine, or an artifact ``real_rollouts/…``."""


class BroughtReview(RunInput):
    """What whoever resumes a flow run that waits for a review has to say."""

    review: str
    """The reviewed track, as ``xsim track review`` prints it (object_track/…), or skip."""


class Asked(Protocol):
    """What was asked of a flow that may wait."""

    def reviewed(self, review: str, store: ArtifactStore) -> Self:
        """The same with the review for which it waited."""
        ...

    def brings(self, rollouts: str) -> Self:
        """The same with rollouts for which it waited."""
        ...


AnyAsked = TypeVar("AnyAsked", bound=Asked)


def suspending(
    resolved: AnyAsked, carry_out: Callable[[AnyAsked], RunRecord], store: ArtifactStore
) -> RunRecord:
    """Carry a run out, and suspend the current flow run where it waits for a person.

    The process then ends; another one begins at the flow's first line when the run is resumed,
    finds what was made, and comes here again. Prefect knows by the key that this was asked before.

    Args:
        resolved: the run.
        carry_out: makes what is missing; answers the record, which says whether the run waits.
        store: where a reviewed track lies.

    Returns:
        The record: of a run that waits, where its flow run cannot be suspended.
    """
    asked = itertools.count(1)
    while (record := carry_out(resolved)).state == "waiting":
        if deployment.id is None:
            _publish(record)
            return record
        resolved = _brought(resolved, record, store, asked)
    return record


def waiting_state(record: RunRecord) -> "State[Any]":
    """The end of a flow run that waits and cannot be suspended."""
    return Completed(name=f"Awaits {record.awaits_what}", message=record.awaits)


def _brought(
    resolved: AnyAsked, record: RunRecord, store: ArtifactStore, asked: Iterator[int]
) -> AnyAsked:
    """Ask for what is waited for, again where what was brought cannot be it.

    Args:
        resolved: the run.
        record: says what it waits for.
        store: where a reviewed track lies.
        asked: counts the questions of this process, those of its former ones among them.
    """
    problem, what = "", record.awaits_what
    form = BroughtReview if what == "review" else BroughtRollouts
    for attempt in itertools.count():
        if next(asked) >= flow_run.run_count:  # Each run of it but the first was resumed.
            _publish(record, problem)
        # Nothing is suggested: Prefect resumes without a word where every field has a default.
        question = form.with_initial_data(description=page(record, problem))
        try:
            given = suspend_flow_run(wait_for_input=question, key=f"{what}-{attempt}")
        except Pause:
            _say_at_rest()
            raise
        try:
            if isinstance(given, BroughtReview):
                return resolved.reviewed(given.review, store)
            return resolved.brings(given.rollouts)
        except (BadInputError, MissingArtifactError) as error:
            problem = str(error)
    raise AssertionError("unreachable: somebody brings it, or the process ends")


def _say_at_rest() -> None:
    """Let the watch for dead runs know, until it cannot have missed it.

    The server takes events that come close together in any order. With a heartbeat just before,
    all of six runs that said nothing were ended, one of four that said it once, a second later,
    and none of ten that said it three times.
    """
    for _ in range(REST_SAID):
        time.sleep(1)
        emit_event(AT_REST, {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"})


def _publish(record: RunRecord, problem: str = "") -> None:
    waits = REVIEW_WAITS if record.awaits_what == "review" else WAITS
    create_markdown_artifact(
        page(record, problem), f"awaits-{record.awaits_what}", f"{record.name} {waits}"
    )


def page(record: RunRecord, problem: str = "") -> str:
    """What a person has to do, as Markdown."""
    if record.awaits_what == "review":
        return _review_page(record, problem)
    act, go_on = commands(record.request, record.name)
    lines = [f"**{record.name} {WAITS}.**", ""]
    lines += [f"What was brought cannot be used: {problem}", ""] if problem else []
    lines += [
        "Let the student act on the robot and record it:",
        f"```\n{act} --driver DRIVER\n```",
        "Then one of:",
        f"- go on by hand: `{go_on}`",
        "- put the folder of recordings into the inbox of a laboratory that has one",
        "- where this flow run is suspended: *Resume*, with the folder as a worker sees it",
    ]
    return "\n".join(lines)


def _review_page(record: RunRecord, problem: str) -> str:
    look, skip = review_commands(record.request, record.name, record.call)
    lines = [f"**{record.name} {REVIEW_WAITS}.**", ""]
    lines += [f"What was brought cannot be used: {problem}", ""] if problem else []
    lines += [
        "Look at it in the browser, cut or correct it, and accept it; the run then goes on:",
        f"```\n{look}\n```",
        f"Or go on without: *Resume* with `skip`, or `{skip}`.",
    ]
    return "\n".join(lines)


def go_on_reviewed(record: RunRecord, reviewed: str) -> bool:
    """Resume the flow run that is suspended for a review; False where none is.

    Args:
        record: of the run.
        reviewed: the ref of the reviewed track.
    """
    run = flow_run_of(record)
    if run is None or not is_suspended(run) or record.awaits_what != "review":
        return False
    resume_flow_run(run.id, run_input={"review": reviewed})
    return True


def deployed_flow_run(parameters: dict[str, Any]) -> FlowRun | None:
    """A flow run for this process that can be suspended; None where nothing is deployed."""
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(NEW_VIDEO)
        except ObjectNotFound:
            return None
        # Pending, and not scheduled: no worker takes it.
        return client.create_flow_run_from_deployment(
            found.id, parameters=parameters, state=Pending(), name=str(parameters["name"])
        )


def flow_run_of(record: RunRecord) -> FlowRun | None:
    """The flow run that carried a run out last; None where this server has none."""
    if not record.flow_run_url:
        return None
    with suppress(ValueError, ObjectNotFound), get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(record.flow_run_url.rpartition("/")[2]))
    return None


def is_suspended(run: FlowRun | None) -> bool:
    """Whether it waits for a person."""
    return run is not None and run.state is not None and run.state.name == "Suspended"


def go_on(record: RunRecord, folder: Path, *, deployed: str) -> str:
    """Let a run that waits go on with recordings; answers what was done, in words.

    Args:
        record: of the run.
        folder: of the recordings.
        deployed: what goes on, as flow/deployment, where no flow run is suspended.
    """
    run = flow_run_of(record)
    if run is not None and is_suspended(run):
        resume_flow_run(run.id, run_input={"rollouts": str(folder)})
        return f"{record.name} is resumed"
    if run is not None and run.state is not None and not run.state.is_final():
        return f"{record.name} is resumed and waits for a worker"
    asked = {"name": record.name, "rollouts": str(folder)}
    digest = IngestRolloutsConfig.of([folder]).content_digest
    submitted: Any = run_deployment(
        deployed,
        parameters=record.request.model_copy(update=asked).parameters(),
        timeout=0,
        as_subflow=False,
        idempotency_key=f"rollouts-{record.name}-{digest}",
        flow_run_name=record.name,
        tags=["inbox"],
    )
    return f"{record.name} goes on in flow run {submitted.id}"


def let_go(store: ArtifactStore, name: str) -> None:
    """End the flow run that is suspended for a run with which the current one goes on."""
    before = None
    with suppress(CorruptArtifactError):
        before = read_record(store, f"runs/{name}.json", RunRecord)
    if before is None or before.state != "waiting":
        return
    waiting = flow_run_of(before)
    if waiting is None or not is_suspended(waiting) or str(waiting.id) == flow_run.id:
        return
    said = f"goes on in flow run {flow_run.name} ({flow_run.id})"
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(waiting.id, Completed(name="Continued", message=said))
