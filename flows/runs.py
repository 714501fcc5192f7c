"""What surrounds a run whoever carries it out: its record, its end, and its report."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.settings import Settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import StoreUnreachableError
from xsim_core.process import this_process
from xsim_core.runs import RunRecord, ending_of
from xsim_core.storage import ArtifactStore

from .records.at_work import clear_notes
from .records.awaiting import AwaitsError, instruction
from .records.recorder import Recorder

DRAWN_BY = ("xsim_core.report", "xsim_core.pages", "xsim_core.gap")
"""Whose code and templates a report's look is made of."""


@contextmanager
def recorded(store: ArtifactStore, record: RunRecord) -> Generator[Recorder]:
    """Keep ``runs/<name>.json`` true: running, then completed, waiting, interrupted or failed.

    A run that goes no further without a person leaves the block, and its record says so.
    """
    recorder, clock = Recorder(store, record), time.monotonic()
    clear_notes(store, record.name)
    recorder.update(state="running", process=this_process())
    try:
        yield recorder
    except AwaitsError as waits:
        elapsed_s = round(time.monotonic() - clock, 2)
        record = recorder.record.model_copy(update={"awaits_what": waits.what})
        recorder.update(
            state="waiting",
            awaits=instruction(record),
            awaits_what=waits.what,
            elapsed_s=elapsed_s,
        )
        recorder.note.end()
        return
    except StoreUnreachableError:
        raise  # It would not take the note either; without a process the run reads as interrupted.
    except BaseException as error:
        # A store that cannot even take the note must not hide why the run stopped.
        with suppress(Exception):
            recorder.update(
                state=ending_of(error),
                error=_in_words(error),
                elapsed_s=round(time.monotonic() - clock, 2),
            )
            recorder.note.end()
        raise
    recorder.completed(elapsed_s=round(time.monotonic() - clock, 2))
    recorder.note.end()


_ENDED_BY = {
    "KeyboardInterrupt": "ended by Ctrl-C or SIGTERM",
    # Prefect's, for what cancels a run and for SIGTERM.
    "TerminationSignal": "cancelled, or its process was asked to end",
}


def _in_words(error: BaseException) -> str:
    name = type(error).__name__
    return _ENDED_BY.get(name, name) if not str(error) else f"{name}: {error}"


def report_path(settings: Settings, name: str) -> Path:
    """Where the report of a run lies."""
    return settings.home / "reports" / f"{name}.html"


def write_report(settings: Settings, store: ArtifactStore, record: RunRecord) -> Path:
    """Build the report of a run, or keep the one that shows the same artifacts already."""
    path = report_path(settings, record.name)
    from .gaps import whole_ladders

    rungs = [ref for one in whole_ladders(store, record) for ref in one.rungs]
    stamp = f"<!-- xsim-report {report_stamp(record, rungs)} -->"
    if path.exists() and path.with_suffix(".files").is_dir():
        with path.open(encoding="utf-8") as page:
            if page.read(len(stamp)) == stamp:
                return path
    draw_report(path, store, record, stamp=f"{stamp}\n")
    return path


def draw_report(path: Path, store: ArtifactStore, record: RunRecord, *, stamp: str = "") -> None:
    """Write the page of what a record names, and the files beside it."""
    from xsim_core.gap import pictures_of
    from xsim_core.report import write_page

    from .gaps import read_gap, whole_ladders

    ladders = [(one.ladder, *read_gap(store, one)) for one in whole_ladders(store, record)]

    write_page(
        path,
        store,
        record.stages,
        title=record.name,
        unfinished=record.unfinished,
        other_code=record.other_code,
        gaps=[(gap, pictures_of(ladder, rung_of)) for ladder, gap, rung_of in ladders],
        stamp=stamp,
    )


def report_stamp(record: RunRecord, rungs: Sequence[ArtifactRef] = ()) -> str:
    """What the report's content depends on: the record, its ladders' rungs, and what draws it."""
    import hashlib
    from importlib.util import find_spec

    # Found and not imported: a report that stands needs none of what draws one.
    drawn_by = [spec for spec in map(find_spec, DRAWN_BY) if spec]
    folders = [Path(str(spec.origin)).parent for spec in drawn_by]
    parts = [p for f in folders for p in sorted(f.iterdir()) if p.suffix in (".py", ".html")]
    look = "".join(p.read_text() for p in parts)
    refs = "\n".join(f"{stage} {ref}" for stage, ref in sorted(record.stages.items()))
    refs += "".join(f"\n{ref}" for ref in rungs)
    said = [*sorted(record.unfinished.items()), *sorted(record.other_code.items())]
    words = "\n".join(f"{stage} {how}" for stage, how in said)
    return hashlib.sha256((look + refs + words).encode()).hexdigest()
