"""What a night starts from: the newest reconstruction of each capture of a task."""

import hashlib
from functools import cache
from typing import NamedTuple

from flows.pipeline import RECONSTRUCTED
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import StoreUnreachableError
from xsim_core.presets import DEFAULT_TASK
from xsim_core.runs import RunRecord, load_records
from xsim_core.sim.task import load_task, task_names
from xsim_core.stages import INGEST_CAPTURE, REVIEW_TRACK
from xsim_core.storage import ArtifactStore

Ref = ArtifactRef

_GIVEN = (*RECONSTRUCTED, REVIEW_TRACK.name, "ingest_truth", "ingest_world")


class Found(NamedTuple):
    """What there is to retrain on, and what had to be left out."""

    captures: dict[str, RunRecord]
    """Name of the pointer → the newest run that reconstructed its capture."""
    skipped: dict[str, str]
    """Run → why nothing can be made of its record."""


def finished_captures(store: ArtifactStore, task: str | None) -> Found:
    """The newest finished run of each capture of a task; odd records are named and left out.

    Raises:
        UnknownNameError, BadInputError: for a task that cannot be loaded.
    """
    key_of = cache(task_key)
    wanted = key_of(task)
    records, skipped = load_records(store)
    found: dict[str, RunRecord] = {}
    torn: list[RunRecord] = []
    for record in sorted(records, key=lambda r: r.started):
        try:
            if key_of(record.request.task) != wanted:
                continue
            if record.stages.keys() >= set(RECONSTRUCTED):
                found[f"{wanted}.{_title(store, record)}"] = record
            else:
                torn.append(record)
        except StoreUnreachableError:
            raise
        except Exception as error:  # noqa: BLE001 one odd record must not cost the others
            skipped[record.name] = f"{type(error).__name__}: {error}"
    have = [r.stages[INGEST_CAPTURE.name] for r in found.values()]
    skipped |= {r.name: _lack(r) for r in torn if r.stages.get(INGEST_CAPTURE.name) not in have}
    return Found(found, skipped)


def _lack(record: RunRecord) -> str:
    lacking = [stage for stage in RECONSTRUCTED if stage not in record.stages]
    return f"{record.state} without {', '.join(lacking)}: xsim run goes on with it"


def task_key(task: str | None) -> str:
    """What a task is, however it is spelled: its name; with a digest where it is no built-in one.

    Two files of one folder, or of one name, are two tasks; a copy of a built-in one is that one.
    """
    spec = load_task(task or DEFAULT_TASK)
    if spec.name in task_names() and load_task(spec.name) == spec:
        return spec.name
    return f"{_plain(spec.name)}-{hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:6]}"


def reconstruction_of(record: RunRecord) -> dict[str, Ref]:
    """What a night starts from; what was trained and evaluated before is no part of it."""
    return {stage: record.stages[stage] for stage in _GIVEN if stage in record.stages}


def _title(store: ArtifactStore, record: RunRecord) -> str:
    # Two videos of one name are two captures: their bytes tell them apart.
    capture = record.stages[INGEST_CAPTURE.name]
    name = getattr(store.open(capture).summary, "name", "capture")
    return f"{_plain(name)}-{capture.fingerprint[:6]}"


def _plain(text: str) -> str:
    kept = (c if c == "_" or (c.isalnum() and c.isascii()) else "-" for c in text)
    return "".join(kept).strip("-")[:30] or "x"
