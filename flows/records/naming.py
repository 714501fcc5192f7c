"""What a run is called, so that no run takes another's record and report.

A name is taken by the request that has it: capture (by its bytes, or its folder on this machine),
preset, task and overrides. The same request goes on under the same name, and so does the one that
brings the rollouts, or the review, for which a run waits; another one that would be called so gets
its own, with six digits of what sets it apart.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError, CorruptArtifactError
from xsim_core.process import fate_of, this_process
from xsim_core.runs import RunRecord, RunRequest, begin_record, check_run_name, is_at_work
from xsim_core.storage import ArtifactStore, read_record

from .at_work import is_anybody_at_work

MAX_PLAIN = 90
"""Characters of a name before what sets it apart."""


def free_name(
    store: ArtifactStore, request: RunRequest, capture: ArtifactRef | None, *, base: str = ""
) -> str:
    """The name under which this request may keep its record.

    Args:
        store: where the records lie.
        request: what was asked. A name that it gives is taken as it is, or refused.
        capture: the artifact of its capture, made or to be made; None where it takes none.
        base: the plain name; the request's own by default.

    Raises:
        BadInputError: when the name that was asked for is another request's, or cannot be one.
    """
    plain = check_run_name(base or request.run_name)
    other = _other_request(store, plain, request, capture)
    if other is None:
        return plain
    if request.name and not base:
        raise BadInputError(
            f"run '{plain}' is another's ({other}): its record and report would be replaced. Give "
            "this one a name of its own (--name)."
        )
    apart = json.dumps([str(capture), _settings(request)], sort_keys=True)
    return f"{plain[:MAX_PLAIN]}-{hashlib.sha256(apart.encode()).hexdigest()[:6]}"


def take_name(
    store: ArtifactStore, request: RunRequest, capture: ArtifactRef | None, *, base: str = ""
) -> str:
    """What ``free_name`` answers, taken in the same moment by a record that says who works on it.

    Of two that ask for one name at once the store lets one have it; the other is answered as if it
    had come later: by another name, or by a refusal where it asked for this one.

    Raises:
        BadInputError: when the name that was asked for is another request's, or cannot be one.
    """
    while True:
        name = free_name(store, request, capture, base=base)
        record = RunRecord(name=name, request=request, taken_in=capture, process=this_process())
        if begin_record(store, record):
            return name
        if name == free_name(store, request, capture, base=base):
            return name  # The record that is there is this request's.


def _other_request(
    store: ArtifactStore, name: str, request: RunRequest, capture: ArtifactRef | None
) -> str | None:
    """In words, the request that has the name already; None when it is free, or our own."""
    try:
        record = read_record(store, f"runs/{name}.json", RunRecord)
    except CorruptArtifactError:
        return "its record cannot be read"
    if record is None or _is_same(store, record, request, capture):
        return None
    had = record.request
    anew = ", ".join(had.anew)
    settings = {"preset": had.preset, "task": had.task, **_flat(had.overrides), "anew": anew}
    settings["rollouts"] = had.rollouts
    settings["review"] = had.review if had.review != "ask" else ""
    said = ", ".join(f"{key} {value}" for key, value in settings.items() if value)
    return f"{had.capture or 'no capture'}{_where(record)}, {said}"


def _where(record: RunRecord) -> str:
    """In words, the other machine, or container, that carried the run out; "" for this one."""
    is_elsewhere = record.process and fate_of(record.process) == "elsewhere"
    return f" on {record.process.partition(' ')[0]}" if is_elsewhere else ""


def _is_same(
    store: ArtifactStore, record: RunRecord, request: RunRequest, capture: ArtifactRef | None
) -> bool:
    had, asked = _settings(record.request), _settings(request)
    if record.state == "waiting" and (record.awaits_what == "review" or "review" not in asked):
        # A flow run that was resumed with a review asks as it did before there was one.
        brought = {"review": asked["review"]} if "review" in asked else {}
        had = {key: value for key, value in had.items() if key != "review"} | brought
    if record.state == "waiting" and "rollouts" in asked:
        had = {**had, "rollouts": asked["rollouts"]}
        had.pop("deploy", None)
    if had != asked:
        return False
    taken_in = record.taken_in or record.stages.get("ingest_capture")
    if capture is not None and taken_in == capture:
        return True
    here, there = request.capture, record.request.capture
    if bool(here) != bool(there) or Path(here).absolute() != Path(there).absolute():
        return False
    # What the folder held before stays while anybody is at work on it; on another machine, a folder
    # that is called so is another.
    is_taken = is_at_work(record) or _where(record) or is_anybody_at_work(store, record.name)
    return not (taken_in and capture and is_taken)


def _settings(request: RunRequest) -> dict[str, Any]:
    """What sets requests of one capture apart; with rollouts, not where they were waited for."""
    told = json.loads(request.model_dump_json(exclude={"name", "capture"}))
    if request.rollouts:
        told.pop("deploy", None)
    return told


def _flat(overrides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {f"{s}.{name}": v for s, fields in overrides.items() for name, v in fields.items()}
