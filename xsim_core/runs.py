"""What was asked of a run, and its record: ``runs/<name>.json`` says what each stage made."""

import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field, field_validator, model_validator

from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.storage import ArtifactStore, read_record, read_records, record_names

from .process import fate_of

Ending = Literal["failed", "interrupted"]
"""How a stage or a run stopped short: by an error, or by somebody who ended it."""

MAX_BYTES = 200
"""Of a run's name: a longer one names no file on any disk."""
_ASKED_BEFORE = ("capture", "preset", "task")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunRequest(FrozenModel):
    """What somebody asked for, wherever they asked: a capture taken through the whole chain.

    The command line, the flow's parameters, the inbox, backfills and run records all say it so.
    """

    # In this order: the key by which a backfill finds the run that it submitted is made of it.
    name: str | None = None
    """What the run is called; the capture's name and the preset's when empty."""
    capture: str = ""
    """The capture's folder, as given; empty for a run that goes on from an earlier one's."""
    preset: str = "demo"
    """demo, debug or full."""
    task: str | None = None
    """A task's name or YAML file, instead of the preset's."""
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Stage → field → value, over the preset."""
    rollouts: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Rollouts in place of ``deploy``: a ref, or recordings of ``xsim robot run`` as given."""
    deploy: Literal["world", "robot"] = Field(
        default="world", exclude_if=lambda value: value == "world"
    )
    """Where the student acts: in the capture's simulated world, if it has one, or on a robot, for
    whose rollouts the run waits."""
    review: str = Field(default="ask", exclude_if=lambda value: value == "ask")
    """Of the object's track: ask (the run waits where a person should look), skip, or the ref of
    the reviewed track."""
    anew: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """Stage → digits of the code by which it is made anew, though the store has what other code
    made of the same; no digits mean the code of whoever carries the run out."""

    @field_validator("anew", mode="before")
    @classmethod
    def _names_are_enough(cls, value: Any) -> Any:
        if value is None:
            return {}
        names = cast("list[Any]", value) if isinstance(value, list | tuple) else [None]
        is_names = all(isinstance(name, str) for name in names)
        return dict.fromkeys(names, "") if is_names else cast("Any", value)

    @field_validator("overrides", mode="before")
    @classmethod
    def _none_is_no_override(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def run_name(self) -> str:
        """What the run is called, if no other run is (``flows.records.naming``).

        Raises:
            BadInputError: when the name that was given cannot be one.
        """
        if self.name:
            return check_run_name(self.name)
        plain = plain_name(Path(self.capture).name)
        # The demo's capture is called as its preset is.
        return plain if plain == self.preset else f"{plain}-{self.preset}"

    def parameters(self) -> dict[str, Any]:
        """Parameters of the flow ``xsim``, here or as a deployment's, as plain values."""
        return {**self.model_dump(mode="json"), "name": self.run_name}


class FlowCall(FrozenModel):
    """How a flow that no command asks for is asked for again."""

    deployment: str
    """As flow/deployment."""
    parameters: dict[str, Any]


class RunRecord(FrozenModel):
    """One run of a flow."""

    name: str
    request: RunRequest = Field(default_factory=RunRequest)
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    state: Literal["running", "waiting", "completed", "failed", "interrupted"] = "running"
    awaits: str = ""
    """What a person has to do before a run that waits goes on; "" for others."""
    awaits_what: Literal["rollouts", "review"] = Field(
        default="rollouts", exclude_if=lambda value: value == "rollouts"
    )
    """Of a run that waits."""
    call: FlowCall | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a part of the chain on its own; None for what ``xsim run`` asks for."""
    flow_run_url: str | None = None
    stages: dict[str, ArtifactRef] = Field(default_factory=dict)
    """Stage to artifact, in the order in which they finished."""
    taken_in: ArtifactRef | None = None
    """The artifact of its capture, made or to be made; None where it reads none."""
    former: dict[str, ArtifactRef] = Field(default_factory=dict)
    """What the run had made before it was begun anew, as far as it has not come to it again: until
    then no sweep may take it."""
    other_code: dict[str, str] = Field(default_factory=dict)
    """The stages whose artifact other code made than that of the run, and which (its commit)."""
    unfinished: dict[str, Ending] = Field(default_factory=dict)
    """The stages that stopped short, and how."""
    process: str = ""
    """Who carries it out, as ``process.this_process`` says it."""
    elapsed_s: float | None = None
    error: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, value: Any) -> Any:
        """Records before there was a request had its capture, preset and task; "" for nothing."""
        if not isinstance(value, dict) or "request" in value:
            return cast("Any", value)
        record = cast("dict[str, Any]", value)
        asked = {name: record[name] for name in _ASKED_BEFORE if record.get(name)}
        rest = {name: field for name, field in record.items() if name not in _ASKED_BEFORE}
        return {**rest, "request": asked}


def ending_of(error: BaseException) -> Ending:
    """Python's own line: what no ``except Exception`` catches (Ctrl-C, a signal) is no failure."""
    return "failed" if isinstance(error, Exception) else "interrupted"


def check_run_name(name: str) -> str:
    """The name itself, if it can be a file name and a Prefect run name.

    Raises:
        BadInputError: otherwise.
    """
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"run name '{name}' is not usable. Use letters, digits, dots, dashes and underscores."
        )
    return name


def plain_name(text: str) -> str:
    """Any text, such as a folder's name, as what ``check_run_name`` lets pass: Küche 1, Kuche-1."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._]+", "-", ascii_only).strip("-._")[:80] or "capture"


def save_record(store: ArtifactStore, record: RunRecord) -> None:
    """Write the record; a later call with the same name replaces it."""
    store.put_record(f"runs/{record.name}.json", record.model_dump(mode="json"))


def begin_record(store: ArtifactStore, record: RunRecord) -> bool:
    """Write the record if there is none of its name; whether it was written."""
    data = json.dumps(record.model_dump(mode="json"), indent=1).encode()
    return store.create_object(f"runs/{record.name}.json", data)


def load_record(store: ArtifactStore, name: str) -> RunRecord:
    """The record of a run; one that says "running" of a dead process is corrected.

    Raises:
        UnknownNameError: when there is no run of this name.
        CorruptArtifactError: when its record cannot be read.
    """
    # What is no text, as bytes of another encoding, names no object of any store.
    is_path = name.isprintable() and 0 < len(name.encode()) <= MAX_BYTES and "/" not in name
    record = read_record(store, f"runs/{name}.json", RunRecord) if is_path else None
    if record is None:
        raise UnknownNameError("run", name, list_runs(store))
    return _as_it_is(record, name)


def load_records(store: ArtifactStore) -> tuple[list[RunRecord], dict[str, str]]:
    """All records that can be read, by name, and what is wrong with each of the others."""
    found, odd = read_records(store, "runs", RunRecord)
    return [_as_it_is(record, name) for name, record in sorted(found.items())], odd


def _as_it_is(record: RunRecord, name: str) -> RunRecord:
    # Where it lies is what it is called: a copied or renamed file is the run of its own name.
    if record.name != name:
        record = record.model_copy(update={"name": name})
    if record.state == "running" and fate_of(record.process) == "gone":
        return record.model_copy(update={"state": "interrupted", "error": "its process is gone"})
    return record


def is_at_work(record: RunRecord) -> bool:
    """Whether somebody carries the run out now, or may: one elsewhere cannot be looked for."""
    return bool(record.process) and record.state == "running" and fate_of(record.process) != "gone"


def host_elsewhere(record: RunRecord) -> str:
    """The machine of a run that is said to go on where it cannot be looked for; "" for others.

    Another machine's, or another container's: its process may be alive, or have died since.
    """
    if record.state != "running" or fate_of(record.process) != "elsewhere":
        return ""
    return record.process.partition(" ")[0] or "an unknown machine"


def list_runs(store: ArtifactStore) -> list[str]:
    """Names of all runs, sorted."""
    return record_names(store, "runs")
