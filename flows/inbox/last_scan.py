"""What the last scan could not start, and why: kept in the store, so that any machine can tell.

A bucket's inbox is copied where the scan runs; whoever asks for the list looks from elsewhere.
"""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.errors import CorruptArtifactError
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore, read_record, record_names

from .captures import Arrival, Scanned, arrivals

PATH = "inbox-scan/last.json"


class LastScan(FrozenModel):
    """The scan's answer, but for the captures that have a run."""

    refused: dict[str, str]
    """Folder, or the inbox itself → what is wrong with it."""
    arriving: tuple[str, ...] = ()
    """Folders that were still written to."""
    recordings: dict[str, str] = Field(default_factory=dict)
    """Folder of a robot's rollouts → which run it went to, or why to none."""
    since: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """When a scan first found it so."""


def last_scan(store: ArtifactStore) -> LastScan:
    """What the last scan found; nothing before the first, or where its note cannot be read."""
    try:
        return read_record(store, PATH, LastScan) or LastScan(refused={})
    except CorruptArtifactError:
        return LastScan(refused={})


def note_scan(store: ArtifactStore, scanned: Scanned) -> None:
    """Keep what a scan found, if it is not what the one before did."""
    found = LastScan(
        refused=scanned.refused, arriving=scanned.arriving, recordings=scanned.recordings
    )
    if last_scan(store).model_copy(update={"since": found.since}) != found:
        store.put_record(PATH, found.model_dump(mode="json"))


def listed(store: ArtifactStore) -> list[dict[str, Any]]:
    """A row for whatever lies in the inbox or ever arrived: its phase, and why it has no run."""
    last, runs = last_scan(store), record_names(store, "runs")
    rows = [
        {**a.model_dump(mode="json"), "name": a.run_name, "reason": _why(store, a, runs)}
        for a in arrivals(store).values()
    ]
    odd = {f: ("refused", f"{why}; since {last.since}") for f, why in last.refused.items()}
    odd |= dict.fromkeys(last.arriving, ("arriving", "written to a moment before the last scan"))
    odd |= {f: ("recordings", said) for f, said in last.recordings.items()}
    empty = dict.fromkeys(Arrival.model_fields)
    return rows + [
        {**empty, "folder": f, "phase": phase, "name": Path(f).name, "reason": why}
        for f, (phase, why) in odd.items()
    ]


def _why(store: ArtifactStore, arrival: Arrival, runs: list[str]) -> str:
    """Why a capture's run failed, or what it waits for; as ``xsim status`` says it."""
    if arrival.phase == "submitted":
        return next((r.awaits for r in _records(store, arrival, runs) if r.state == "waiting"), "")
    if arrival.phase not in ("failed", "given up"):
        return ""
    errors = [f"{r.error}; " for r in _records(store, arrival, runs) if r.error]
    return f"{''.join(errors[:1])}xsim inbox retry {arrival.run_name}"


def _records(store: ArtifactStore, arrival: Arrival, runs: list[str]) -> list[RunRecord]:
    """Of the arrival's run, which is called after its preset too."""
    name, found = arrival.run_name, list[RunRecord]()
    for run in runs:
        if run == name or run.startswith(f"{name}-"):
            with suppress(CorruptArtifactError):
                record = read_record(store, f"runs/{run}.json", RunRecord)
                found += [] if record is None else [record]
    return found
