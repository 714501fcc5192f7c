"""A run for every new human video: the inbox is scanned, and what it holds is the truth.

Events only make the next scan come sooner: one that is lost loses nothing. A capture is known by
the digest of its bytes, and its flow run by that digest too (Prefect's idempotency key), so that
scanning again, two scans at once, and the same video under two names all come to one run.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from xsim_core.capture import IngestConfig, StillArrivingError
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, StoreUnreachableError, UnknownNameError, XSimError
from xsim_core.runs import plain_name
from xsim_core.storage import ArtifactStore, read_record, read_records

from .place import printable

ARRIVED = "xsim.capture.arrived"
"""The event; ``prefect.yaml`` scans when it comes."""

SETTLE_S = 10.0
"""A capture that was written to within this time may be half a capture."""

MAX_ATTEMPTS = 3
"""Runs whose process died are started again this often; failures that would repeat are not."""

Phase = Literal["waiting", "submitted", "completed", "failed", "given up"]
ENDED: tuple[Phase, ...] = ("completed", "failed", "given up")
"""Of a run that is over; a person, or a capture that was moved, may begin another."""


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
        return f"{plain_name(Path(self.folder).name)}-{self.digest[:8]}"


class Scanned(FrozenModel):
    """What a scan found."""

    arrivals: tuple[Arrival, ...]
    refused: dict[str, str]
    """Folder → what is wrong with it. Looked at again at the next scan; no run is made."""
    arriving: tuple[str, ...] = ()
    """Folders that were still written to a moment ago."""
    recordings: dict[str, str] = Field(default_factory=dict)
    """Folder of a robot's rollouts → which run it went to, or why to none."""


Submit = Callable[[Arrival], str]
"""Start the arrival's run, or find the one of its key; answers the flow run's id."""
EndOf = Callable[[str], Literal["completed", "failed", "crashed"] | None]
"""How a flow run ended; None while it has not."""
Look = Callable[[Path], IngestConfig]
"""What a capture's folder is, by its digest."""
Read = Callable[[ArtifactStore], tuple[dict[str, Arrival], dict[str, str]]]
"""All arrivals by digest, and what is wrong with entries that cannot be read."""


def announce(store: ArtifactStore, config: IngestConfig) -> Arrival:
    """Enter a capture, wherever it lies; the next scan starts its run.

    Raises:
        CorruptArtifactError: when the inbox's entry of these bytes cannot be read.
    """
    arrival = Arrival(digest=config.content_digest, folder=str(config.source))
    store.create_object(_path(arrival), arrival.model_dump_json().encode())
    return read_record(store, _path(arrival), Arrival) or arrival


def arrivals(store: ArtifactStore) -> dict[str, Arrival]:
    """Everything that ever arrived, by digest; entries that cannot be read are left out."""
    return read_records(store, "inbox", Arrival)[0]


def retry(store: ArtifactStore, what: str) -> Arrival:
    """Have the next scan start a capture's run once more.

    Args:
        store: where the inbox's memory lies.
        what: the run's name, the capture's folder or its name, or the digest's first digits.

    Raises:
        UnknownNameError: when nothing that arrived is called so.
        BadInputError: when several are, or its run is not over.
    """
    known = arrivals(store)
    found = [
        a
        for a in known.values()
        if what in (a.run_name, a.folder, Path(a.folder).name) or a.digest.startswith(what)
    ]
    if not found or not what:
        raise UnknownNameError("capture in the inbox", what, (a.run_name for a in known.values()))
    if len(found) > 1:
        raise BadInputError(f"'{what}' fits {', '.join(a.run_name for a in found)}. Say which.")
    if found[0].phase in ("waiting", "submitted"):
        raise BadInputError(f"{found[0].run_name} is {found[0].phase}: its run is not over")
    again = _again(found[0])
    store.put_record(_path(again), again.model_dump(mode="json"))
    return again


def _again(arrival: Arrival, **changes: str) -> Arrival:
    fresh = {"phase": "waiting", "attempt": arrival.attempt + 1, "flow_run": None}
    return arrival.model_copy(update={**fresh, **changes})


def scan(
    store: ArtifactStore,
    folders: Iterable[Path],
    submit: Submit,
    end_of: EndOf,
    look: Look = IngestConfig.from_folder,
    read: Read | None = None,
) -> Scanned:
    """Enter what is new, start its runs, and look after those that were started before.

    One capture that cannot be read or started is refused, whatever is wrong with it; the others go
    on.
    """
    known, odd = read(store) if read else read_records(store, "inbox", Arrival)
    refused = {f"inbox/{name}.json": why for name, why in odd.items()}
    arriving: list[str] = []
    for folder in folders:
        try:
            config = look(folder)
            arrival = known.get(config.content_digest) or announce(store, config)
            known[arrival.digest] = _follow_move(store, arrival, str(config.source))
        except StillArrivingError:
            arriving.append(printable(str(folder)))
        except StoreUnreachableError:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with one, the others start
            refused[printable(str(folder))] = _in_words(error)
    followed: list[Arrival] = []
    for arrival in sorted(known.values(), key=lambda a: a.folder):
        try:
            followed.append(_follow(store, arrival, submit, end_of))
        except StoreUnreachableError:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with one, the others start
            followed.append(arrival)
            refused[arrival.folder] = _in_words(error)
    return Scanned(arrivals=tuple(followed), refused=refused, arriving=tuple(arriving))


def _in_words(error: Exception) -> str:
    said = printable(str(error))
    return said if isinstance(error, XSimError) else f"{type(error).__name__}: {said}"


def _follow_move(store: ArtifactStore, arrival: Arrival, folder: str) -> Arrival:
    """A capture that was renamed is run where it is now, also if its run did not find it."""
    if arrival.folder == folder or Path(arrival.folder).is_dir():
        return arrival
    match arrival.phase:
        case "waiting":
            moved = arrival.model_copy(update={"folder": folder})
        case "failed" | "given up":
            moved = _again(arrival, folder=folder)
        case _:
            return arrival
    store.put_record(_path(moved), moved.model_dump(mode="json"))
    return moved


def _follow(store: ArtifactStore, arrival: Arrival, submit: Submit, end_of: EndOf) -> Arrival:
    now = arrival
    if now.phase == "submitted" and now.flow_run is not None:
        end = end_of(now.flow_run)
        if end == "crashed" and now.attempt < MAX_ATTEMPTS:
            now = _again(now)
        elif end is not None:
            now = now.model_copy(update={"phase": "given up" if end == "crashed" else end})
    if now.phase == "waiting" and not Path(now.folder).is_dir():
        raise BadInputError(f"{now.folder} is gone: put the capture back, under whatever name")
    if now.phase == "waiting":
        # Submitted first, noted second: dying in between repeats a submission of the same key.
        now = now.model_copy(update={"flow_run": submit(now), "phase": "submitted"})
    if now != arrival:
        store.put_record(_path(now), now.model_dump(mode="json"))
    return now


def _path(arrival: Arrival) -> str:
    return f"inbox/{arrival.digest}.json"


def table_rows(scanned: Scanned) -> list[dict[str, Any]]:
    """A row for each capture, for people."""
    rows: list[dict[str, Any]] = [
        {"capture": a.run_name, "phase": _phase(a), "attempt": a.attempt, "flow run": a.flow_run}
        for a in scanned.arrivals
    ]
    others = {f: f"refused: {why}" for f, why in scanned.refused.items()}
    others |= dict.fromkeys(scanned.arriving, "still arriving") | scanned.recordings
    return rows + [
        {"capture": Path(f).name, "phase": phase, "attempt": 0, "flow run": None}
        for f, phase in others.items()
    ]


def _phase(arrival: Arrival) -> str:
    hint = f" (xsim inbox retry {arrival.run_name})"
    return arrival.phase + (hint if arrival.phase in ("failed", "given up") else "")


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
