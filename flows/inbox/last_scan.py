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
from xsim_core.storage import ArtifactStore, read_record

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
    last = last_scan(store)
    rows = [
        {**a.model_dump(mode="json"), "name": a.run_name, "reason": _why_failed(store, a)}
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


def _why_failed(store: ArtifactStore, arrival: Arrival) -> str:
    if arrival.phase not in ("failed", "given up"):
        return ""
    record = None
    with suppress(CorruptArtifactError):
        record = read_record(store, f"runs/{arrival.run_name}.json", RunRecord)
    said = f"{record.error}; " if record is not None and record.error else ""
    return f"{said}xsim inbox retry {arrival.run_name}"
