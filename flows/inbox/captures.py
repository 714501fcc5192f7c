"""A run for every new human video: the inbox is scanned, and what it holds is the truth.

Events only make the next scan come sooner: one that is lost loses nothing. A capture is known by
the digest of its bytes, and its flow run by that digest too (Prefect's idempotency key), so that
scanning again, two scans at once, and the same video under two names all come to one run.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from flows.digests import is_fresh
from xsim_core.capture import IngestConfig, StillArrivingError
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore

CAPTURE_FILE = "capture.yaml"
"""Copied into the inbox last: a folder without it is still being copied."""

ARRIVED = "xsim.capture.arrived"
"""The event; ``prefect.yaml`` scans when it comes."""

SETTLE_S = 10.0
"""A capture that was written to within this time may be half a capture."""

MAX_ATTEMPTS = 3
"""Runs whose process died are started again this often; failures that would repeat are not."""

Phase = Literal["waiting", "submitted", "completed", "failed", "given up"]


class Arrival(FrozenModel):
    """``inbox/<digest>.json``: what became of a capture."""

    digest: str
    folder: str
    phase: Phase = "waiting"
    attempt: int = 1
    flow_run: str | None = None

    @property
    def key(self) -> str:
        """Idempotency key of the attempt's flow run."""
        return f"inbox-{self.digest}-{self.attempt}"

    @property
    def run_name(self) -> str:
        """A name that a person recognises, and that no other bytes share."""
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', Path(self.folder).name)[:80]}-{self.digest[:8]}"


class Scanned(FrozenModel):
    """What a scan found."""

    arrivals: tuple[Arrival, ...]
    refused: dict[str, str]
    """Folder → what is wrong with it. Looked at again at the next scan; no run is made."""
    arriving: tuple[str, ...] = ()
    """Folders that were still written to a moment ago."""


Submit = Callable[[Arrival], str]
"""Start the arrival's run, or find the one of its key; answers the flow run's id."""
EndOf = Callable[[str], Literal["completed", "failed", "crashed"] | None]
"""How a flow run ended; None while it has not."""
Look = Callable[[Path], IngestConfig]
"""What a capture's folder is, by its digest."""


def announce(store: ArtifactStore, config: IngestConfig) -> Arrival:
    """Enter a capture, wherever it lies; the next scan starts its run."""
    arrival = Arrival(digest=config.content_digest, folder=str(config.source))
    store.create_object(_path(arrival), arrival.model_dump_json().encode())
    return arrivals(store)[arrival.digest]


def arrivals(store: ArtifactStore) -> dict[str, Arrival]:
    """Everything that ever arrived, by digest."""
    records = [store.get_record(path) for path in store.list_records("inbox")]
    known = [Arrival.model_validate(r) for r in records if r is not None]
    return {a.digest: a for a in known}


def scan(
    store: ArtifactStore, folders: Iterable[Path], submit: Submit, end_of: EndOf,
    look: Look = IngestConfig.from_folder,
) -> Scanned:  # fmt: skip
    """Enter what is new, start its runs, and look after those that were started before."""
    refused: dict[str, str] = {}
    arriving: list[str] = []
    for folder in folders:
        try:
            announce(store, look(folder))
        except StillArrivingError:
            arriving.append(str(folder))
        except BadInputError as error:
            refused[str(folder)] = str(error)
    followed = [_follow(store, a, submit, end_of) for a in arrivals(store).values()]
    return Scanned(arrivals=tuple(followed), refused=refused, arriving=tuple(arriving))


def _follow(store: ArtifactStore, arrival: Arrival, submit: Submit, end_of: EndOf) -> Arrival:
    now = arrival
    if now.phase == "submitted" and now.flow_run is not None:
        end = end_of(now.flow_run)
        if end == "crashed" and now.attempt < MAX_ATTEMPTS:
            now = now.model_copy(
                update={"phase": "waiting", "attempt": now.attempt + 1, "flow_run": None}
            )
        elif end is not None:
            now = now.model_copy(update={"phase": "given up" if end == "crashed" else end})
    if now.phase == "waiting":
        # Submitted first, noted second: dying in between repeats a submission of the same key.
        now = now.model_copy(update={"flow_run": submit(now), "phase": "submitted"})
    if now != arrival:
        store.put_record(_path(now), now.model_dump(mode="json"))
    return now


def capture_folders(inbox: Path) -> list[Path]:
    """Captures in a folder whose ``capture.yaml`` has arrived."""
    return sorted(p.parent for p in inbox.glob(f"*/{CAPTURE_FILE}"))


def fetch_prefix(url: str, folder: Path, *, settle_s: float = 0.0) -> Path:
    """Copy the captures below a store URL to a local folder; what is there unchanged stays.

    Args:
        url: the inbox.
        folder: where the copies go.
        settle_s: a capture of which an object is younger than this is left for the next scan.

    Raises:
        BadInputError: for an object whose name would leave the folder.
    """
    source = ArtifactStore(url)
    objects = source.list_objects()
    ready = {path.split("/")[0] for path, _, _ in objects if path.endswith(f"/{CAPTURE_FILE}")}
    for name in sorted(ready):
        below = [entry for entry in objects if entry[0].startswith(f"{name}/")]
        if settle_s and is_fresh(max(t.timestamp() for _, _, t in below), settle_s):
            continue
        listing = {path: [size, t.isoformat()] for path, size, t in below}
        stamp = folder / f"{name}.listing.json"
        if stamp.exists() and json.loads(stamp.read_text()) == listing:
            continue
        # The capture's own file last here too: a stop on the way leaves no half capture.
        for path in sorted(listing, key=lambda p: p.endswith(CAPTURE_FILE)):
            if not (folder / path).resolve().is_relative_to(folder.resolve()):
                raise BadInputError(f"the inbox {url} holds '{path}', which leads out of it")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(source.read_object(path) or b"")
        stamp.write_text(json.dumps(listing))
    return folder


def _path(arrival: Arrival) -> str:
    return f"inbox/{arrival.digest}.json"


def table_rows(scanned: Scanned) -> list[dict[str, Any]]:
    """A row for each capture, for people."""
    rows: list[dict[str, Any]] = [
        {"capture": a.run_name, "phase": a.phase, "attempt": a.attempt, "flow run": a.flow_run}
        for a in scanned.arrivals
    ]
    others = {f: f"refused: {why}" for f, why in scanned.refused.items()}
    others |= dict.fromkeys(scanned.arriving, "still arriving")
    return rows + [
        {"capture": Path(f).name, "phase": phase, "attempt": 0, "flow run": None}
        for f, phase in others.items()
    ]


def tell_server(home: Path, about: str) -> bool:
    """Bring the next scan forward by an event, if a server is there; losing it loses nothing.

    Args:
        home: whose server.
        about: what came, such as a digest; part of the event's resource.
    """
    from flows.prefect_server.server import find_server, use_server

    server = find_server(home)
    if server is None:
        return False
    use_server(home, server)
    from prefect.events import emit_event

    return emit_event(ARRIVED, {"prefect.resource.id": f"xsim.capture.{about}"}) is not None
