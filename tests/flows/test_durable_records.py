"""What flows tell as done survives a power cut: bytes are flushed, then named, then the name is."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from flows.inbox.captures import Arrival, Scanned, announce, retry
from flows.inbox.last_scan import note_scan
from flows.retraining.decisions import keep_decision
from flows.retraining.records import NightLog, new_night
from tests.contracts.toys import TOY, ToyConfig
from xsim_core.capture import IngestConfig
from xsim_core.promotion import promote, rollback
from xsim_core.runs import RunRecord, save_record
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store import disk

DIGEST = "a" * 64


class Flushed(NamedTuple):
    is_folder: bool
    path: object
    target: bytes | None
    """What the record's name held then."""


def promoted(store, refs, *, times):
    for ref in refs[:times]:
        promote(store, "p", ref, reason="test")


def arrived(store, phase):
    store.put_record(
        f"inbox/{DIGEST}.json",
        Arrival(digest=DIGEST, folder="/x", phase=phase).model_dump(mode="json"),
    )


WRITERS = {
    "runs/one.json": (None, lambda s, _: save_record(s, RunRecord(name="one"))),
    "pins/one.json": (None, lambda s, refs: s.pin("one", refs[0])),
    "pointers/p/v000001.json": (None, lambda s, refs: promoted(s, refs, times=1)),
    "pointers/p/v000003.json": (
        lambda s, refs: promoted(s, refs, times=2),
        lambda s, _: rollback(s, "p"),
    ),
    "decisions/p/7.json": (None, lambda s, _: keep_decision(s, "p", 7, {"kept": True})),
    "nights/t/7.json": (
        None,
        lambda s, _: NightLog(s, new_night(s, "t", datetime.now(UTC), number=7)),
    ),
    f"inbox/{DIGEST}.json": (
        None,
        lambda s, _: announce(s, IngestConfig(source="/x", content_digest=DIGEST)),
    ),
    f"inbox/{DIGEST}.json again": (lambda s, _: arrived(s, "failed"), lambda s, _: retry(s, "x")),
    "inbox-scan/last.json": (
        None,
        lambda s, _: note_scan(s, Scanned(arrivals=(), refused={"x": "odd"})),
    ),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_record_is_flushed_then_named_and_then_its_name_is(tmp_path, monkeypatch, what):
    store = ArtifactStore((tmp_path / "store").as_uri(), is_flushed=True)
    refs = [run_stage(TOY, ToyConfig(name=name), store, {}) for name in ("a", "b")]
    target = tmp_path / "store" / what.split(" ")[0]
    before, write = WRITERS[what]
    if before:
        before(store, refs)
    calls, real = [], disk.flush

    def flush(path):
        held = target.read_bytes() if target.exists() else None
        calls.append(Flushed(path.is_dir(), path, held))
        real(path)

    monkeypatch.setattr(disk, "flush", flush)
    write(store, refs)
    done = target.read_bytes()
    bytes_, name = [c for c in calls if target.parent in (c.path, c.path.parent)][-2:]
    assert not bytes_.is_folder
    assert bytes_.target != done, "its bytes are on the disk before it has its name"
    assert (name.is_folder, name.path, name.target) == (True, target.parent, done)
    assert calls[-1] == name, "nothing is told before its name is on the disk"
