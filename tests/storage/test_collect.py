"""xsim_core/storage/collect.py: only what nobody reaches goes, and never beside a user."""

import contextlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests.contracts.toys import TOY, ToyConfig, write_truth
from tests.storage.busy import BusyStore
from tests.storage.laboratory import Server, User
from xsim_core.artifacts import GroundTruth
from xsim_core.errors import BadInputError, CorruptArtifactError, MissingArtifactError
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import LOCK, collect


def make_child(*, parent, config, out):
    assert parent.array("photo/K").shape == (3, 3)
    write_truth(out, config)
    return GroundTruth(name="child")


CHILD = Stage("child", 1, make_child, ToyConfig, {"parent": GroundTruth}, GroundTruth)
GRACE_S = 3600.0


def later(hours):
    return datetime.now(UTC) + timedelta(hours=hours)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


def sweep(store, hours, **kwargs):
    return collect(store, grace_s=GRACE_S, dry_run=False, now=later(hours), **kwargs)


def test_runs_and_pins_keep_their_ancestors(store):
    parent = run_stage(TOY, ToyConfig(), store, {})
    child = run_stage(CHILD, ToyConfig(), store, {"parent": parent})
    pinned = run_stage(TOY, ToyConfig(num_frames=2), store, {})
    stray = run_stage(TOY, ToyConfig(num_frames=3), store, {})
    store.put_record("runs/monday.json", {"stages": {"child": child.model_dump()}})
    store.pin("best", pinned)
    sweep(store, 2)
    result = sweep(store, 4)
    assert [r.rpartition("/")[0] for r in result.removed] == [str(stray)]
    assert store.list_refs() == sorted([parent, child, pinned], key=str)
    assert all(store.verify(r) == [] for r in store.list_refs())
    assert store.list_records("gc") == []


def test_a_dry_run_changes_nothing(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    before = store.list_objects()
    result = collect(store, grace_s=GRACE_S, now=later(9))
    assert len(result.condemned) == 1
    assert store.list_objects() == before
    assert store.verify(ref) == []


def test_young_attempts_are_left_alone(store):
    run_stage(TOY, ToyConfig(), store, {})
    writer = store.begin("ground_truth", "ab" * 12)
    write_truth(writer, ToyConfig())
    for _ in range(3):
        result = sweep(store, 0.5)
        assert (len(result.young), result.condemned, result.removed) == (2, [], [])


def test_what_a_killed_worker_left_goes(store):
    writer = store.begin("ground_truth", "ab" * 12)
    write_truth(writer, ToyConfig())
    assert sweep(store, 2).condemned == [writer.prefix]
    assert sweep(store, 2.5).removed == [writer.prefix]
    assert store.list_objects() == []


def test_a_condemned_artifact_that_is_reused_stays(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    sweep(store, 2)
    assert run_stage(TOY, ToyConfig(), store, {}) == ref
    assert len(sweep(store, 0.9).young) == 1
    assert store.verify(ref) == []
    # The claim ends after the grace period; then all starts over.
    assert len(sweep(store, 4).condemned) == 1
    assert sweep(store, 6).removed
    assert store.list_objects() == []


def test_a_condemned_attempt_that_commits_stays(store):
    writer = store.begin("ground_truth", "ab" * 12)
    write_truth(writer, ToyConfig())
    sweep(store, 2)
    record = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
    ref = store.commit(writer, GroundTruth(name="toy"), **record)
    sweep(store, 0.9)
    assert store.verify(ref) == []


def test_a_sweep_that_was_killed_is_finished_by_the_next(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    key = f"{ref}/{store.manifest(ref).attempt}"
    sweep(store, 2)
    store.create_object(f"gc/{key}/verdict", b"removed")
    with pytest.raises(MissingArtifactError, match="just being removed"):
        run_stage(TOY, ToyConfig(), store, {})
    assert sweep(store, 2).removed == [key]
    assert store.verify(run_stage(TOY, ToyConfig(), store, {})) == []


def test_two_sweeps_at_once_are_refused(store):
    store.create_object(LOCK, b"somebody")
    with pytest.raises(BadInputError, match="another 'xsim gc'"):
        collect(store, grace_s=GRACE_S, dry_run=False)
    assert store.read_object(LOCK) == b"somebody"


def test_an_unreadable_record_stops_the_sweep(store):
    run_stage(TOY, ToyConfig(), store, {})
    store.create_object("runs/broken.json", b"{")
    with pytest.raises(CorruptArtifactError, match=r"runs/broken\.json is not JSON"):
        sweep(store, 9)
    assert len(store.list_refs()) == 1
    assert store.read_object(LOCK) is None


def test_no_grace_removes_at_once(store):
    run_stage(TOY, ToyConfig(), store, {})
    result = collect(store, grace_s=0, dry_run=False, now=later(1))
    assert len(result.removed) == 1
    assert store.list_objects() == []


def commit_one(store):
    """Of an attempt that a sweep has condemned."""
    writer = store.begin("ground_truth", "ab" * 12)
    write_truth(writer, ToyConfig())
    sweep(store, 2)
    record = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
    return lambda: store.commit(writer, GroundTruth(name="toy"), **record)


def reuse_one(store):
    """Of an artifact that a sweep has condemned."""
    ref = run_stage(TOY, ToyConfig(), store, {})
    sweep(store, 2)
    return lambda: ref if store.claim(ref) else None


@pytest.mark.parametrize("prepare", [commit_one, reuse_one])
def test_use_is_safe_before_each_request_of_a_sweep(prepare):
    """What was answered and recorded stays; otherwise the user was told, and can go on."""
    seen = {"kept": 0, "told": 0}
    for when in range(1, 100):
        store = BusyStore("memory://")
        act = prepare(store)
        used = []

        def use_and_record(act=act, store=store, used=used):
            try:
                ref = act()
            except MissingArtifactError:
                return
            if ref is not None:
                store.put_record("runs/now.json", {"toy": str(ref)})
                used.append(ref)

        store.interrupt(when, use_and_record)
        sweep(store, 4)
        is_over = not store.finish()
        for hours in (6, 8):
            assert all(store.verify(ref) == [] for ref in used), when
            sweep(store, hours)
        seen["kept" if used else "told"] += 1
        assert all(store.verify(ref) == [] for ref in used), when
        assert store.verify(run_stage(TOY, ToyConfig(), store, {})) == []
        if is_over:
            break
    assert is_over
    assert seen["kept"] > 3
    assert seen["told"] > 1


def die():
    raise KeyboardInterrupt


def test_a_sweep_that_dies_before_any_request_leaves_nothing_half():
    for when in range(1, 100):
        store = BusyStore("memory://")
        reuse_one(store)
        store.interrupt(when, die)
        with contextlib.suppress(KeyboardInterrupt):
            sweep(store, 4)
        is_over = not store.finish()
        assert all(store.verify(ref) == [] for ref in store.list_refs()), when
        store.delete_objects([LOCK])
        sweep(store, 6)
        assert store.list_objects() == [], when
        if is_over:
            break
    assert when > 10


def test_what_others_keep_below_the_store_is_left_alone_and_stops_nothing(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    stray = run_stage(TOY, ToyConfig(num_frames=2), store, {})
    store.put_record("runs/monday.json", {"stages": {"toy": str(ref)}})
    odd = (
        "README.md",
        "runs/README.md",
        "photos/K\u00fcche 1/0.png",
        "ground_truth/notes.txt",
        "ground_truth/UPPER/x/y",
        f"{ref}/notes.txt",
        "inbox/one/capture.yaml",
    )
    for path in odd:
        store.create_object(path, b"\xff not ours {")
    outside = Path(unquote(urlparse(store.url).path))
    (outside / "photos" / "up").symlink_to("..")
    (outside / os.fsdecode(b"\xff")).touch()
    sweep(store, 2)
    result = sweep(store, 4)
    assert [key.rpartition("/")[0] for key in result.removed] == [str(stray)]
    assert store.list_refs() == [ref]
    assert all(store.read_object(path) for path in odd)


@pytest.mark.parametrize(("link", "to"), [("up", ".."), ("self", "self")])
def test_a_link_that_leads_in_a_circle_stops_the_sweep_and_is_named(store, link, to):
    store.pin("best", run_stage(TOY, ToyConfig(), store, {}))
    place = Path(unquote(urlparse(store.url).path)) / "pins" / link
    place.symlink_to(to)
    with pytest.raises(BadInputError, match=re.escape(f"{place} leads in a circle. Remove")):
        sweep(store, 2)
    place.unlink()
    assert sweep(store, 2).kept


def test_an_artifact_whose_manifest_is_damaged_is_left_alone_and_named(store):
    good, bad = (run_stage(TOY, ToyConfig(num_frames=n), store, {}) for n in (2, 3))
    num_objects = len(store.list_objects(f"{bad}/"))
    store._objects.write(f"{bad}/manifest.json", b"{")
    for hours in (2, 4, 6):
        result = sweep(store, hours)
        assert result.doubtful == [str(bad)]
    assert store.manifest(good) is None
    assert len(store.list_objects(f"{bad}/")) == num_objects


def test_what_goes_between_its_listing_and_its_reading_takes_nothing_with_it():
    reasons = []
    for when in range(1, 100):
        store = BusyStore("memory://")
        parent = run_stage(TOY, ToyConfig(), store, {})
        child = run_stage(CHILD, ToyConfig(), store, {"parent": parent})
        store.pin("best", child)
        store.interrupt(when, lambda s=store, c=child: s.delete_objects([f"{c}/manifest.json"]))
        try:
            collect(store, grace_s=0, dry_run=False, now=later(1))
        except CorruptArtifactError as error:
            reasons.append(str(error))
            assert store.verify(parent) == []
        if not store.finish():
            break
    assert len(reasons) > 3
    assert all("nobody knows what it was made from" in reason for reason in reasons)


def test_a_claim_that_goes_between_its_listing_and_its_reading_is_a_claim():
    removed = []
    for when in range(1, 100):
        store = BusyStore("memory://")
        ref = run_stage(TOY, ToyConfig(), store, {})
        sweep(store, 2)
        assert store.claim(ref)
        (verdict,) = [p for p in store.list_records("gc") if p.endswith("/verdict")]
        store.interrupt(when, lambda s=store, v=verdict: s.delete_objects([v]))
        removed += [when] if sweep(store, 4).removed else []
        if not store.finish():
            break
    assert removed == [1, 2], "before the lock, and before what lies below gc/ is listed"


def test_a_record_that_is_listed_and_not_to_be_had_stops_the_sweep():
    """By a server's one wrong answer; what somebody removes meanwhile stops none."""
    server = Server()
    store = User(server, timedelta(0))
    ref = run_stage(TOY, ToyConfig(), store, {})
    store.pin("best", ref)
    server.spoilt = ("lost", "pins")
    with pytest.raises(CorruptArtifactError, match=r"pins/best\.json is listed"):
        collect(store, grace_s=0, dry_run=False, now=later(1))
    assert store.verify(ref) == []


def test_a_record_nested_too_deep_stops_the_sweep_as_any_other(store):
    store.create_object("runs/deep.json", b"[" * 100_000)
    with pytest.raises(CorruptArtifactError, match=r"runs/deep\.json is not JSON"):
        sweep(store, 9)


def test_how_long_another_sweep_runs_is_said_beyond_a_day(store):
    store.create_object(LOCK, b"somebody")
    lock = Path(unquote(urlparse(store.url).path)) / LOCK
    os.utime(lock, (0, (datetime.now(UTC) - timedelta(days=2)).timestamp()))
    with pytest.raises(BadInputError, match=r"since 17280\d s"):
        collect(store, grace_s=7 * 86400, dry_run=False)
