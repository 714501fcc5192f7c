"""Any order of {begin, write, commit, crash, gc, reuse, read}: what counts is never lost.

The sweeper also works beside the others: between any two of its requests they do what they do.
"""

import contextlib
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.storage.busy import BusyStore
from xsim_core.artifacts import ArtifactRef, TeacherPolicy
from xsim_core.errors import MissingArtifactError
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect

RECORD = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
SUMMARY = TeacherPolicy(
    task="t", num_env_steps=1, success_rate=1, num_eval_episodes=1, reached_threshold=True
)
NAMES = ("weights/w", "obs_mean", "obs_var", "curve/c")
GRACE_S = 3600.0


class StoreMachine(RuleBasedStateMachine):
    """Time stands still between sweeps; an old sweep judges as if hours had passed."""

    attempts = Bundle("attempts")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = ArtifactStore((self.folder / "s").as_uri())
        self.recorded, self.visible = set(), set()

    def ref(self, number):
        return ArtifactRef(kind="teacher_policy", fingerprint=f"{number:024x}")

    @rule(target=attempts, number=st.integers(0, 1))
    def begin(self, number):
        return number, self.store.begin("teacher_policy", f"{number:024x}"), set()

    @rule(attempt=attempts, name=st.sampled_from(NAMES))
    def write(self, attempt, name):
        number, writer, done = attempt
        if name not in done and not writer.in_doubt:
            writer.write(name, np.full(3, number, np.float32))
            done.add(name)

    @rule(attempt=consumes(attempts), record=st.booleans())
    def finish(self, attempt, record):
        number, writer, done = attempt
        for name in NAMES:
            if name not in done:
                self.write(attempt, name)
        try:
            ref = self.store.commit(writer, SUMMARY, **RECORD)
        except MissingArtifactError:
            return
        self.visible.add(ref)
        if record:
            self.record(number)

    @rule(attempt=consumes(attempts))
    def crash(self, attempt):
        """The attempt is never heard of again."""

    @rule(attempt=consumes(attempts))
    def fail(self, attempt):
        self.store.discard(attempt[1])

    @rule(number=st.integers(0, 1))
    def reuse(self, number):
        # A sweep that has passed sentence may be just about to remove it, and says so.
        with contextlib.suppress(MissingArtifactError):
            if self.store.claim(self.ref(number)):
                self.record(number)

    def record(self, number):
        self.store.put_record(f"runs/r{number}.json", {"stages": {"x": str(self.ref(number))}})
        self.recorded.add(self.ref(number))

    @rule(number=st.integers(0, 1))
    def forget(self, number):
        self.store.delete_objects([f"runs/r{number}.json"])
        self.recorded.discard(self.ref(number))

    @rule()
    def young_sweep(self):
        before = set(self.store.list_refs())
        collect(self.store, grace_s=GRACE_S, dry_run=False)
        assert set(self.store.list_refs()) == before

    @rule()
    def old_sweep(self):
        self.sweep(self.store)

    @rule(number=st.integers(0, 1), when=st.integers(1, 16))
    def sweep_beside_reuse(self, number, when):
        self.sweep_beside(when, lambda: self.reuse(number))

    @rule(attempt=consumes(attempts), record=st.booleans(), when=st.integers(1, 16))
    def sweep_beside_commit(self, attempt, record, when):
        self.sweep_beside(when, lambda: self.finish(attempt, record=record))

    @rule(attempt=attempts, number=st.integers(0, 1), when=st.integers(1, 16))
    def sweep_beside_write(self, attempt, number, when):
        self.sweep_beside(when, lambda: (self.write(attempt, NAMES[0]), self.forget(number)))

    def sweep_beside(self, when, act):
        """Somebody acts before one of the sweeper's requests, or right after the last."""
        busy = BusyStore(self.store.url)
        busy.interrupt(when, act)
        self.sweep(busy)
        if not busy.finish():
            act()

    def sweep(self, store):
        # Only attempts that nobody works on may be as old as this sweep believes them to be.
        later = datetime.now(UTC) + timedelta(hours=2)
        before = self.store.list_objects("gc/")
        result = collect(store, grace_s=GRACE_S, dry_run=False, now=later)
        gone = {ArtifactRef.parse(k.rpartition("/")[0]) for k in result.removed}
        assert not before or len(result.removed) <= len(before)
        self.visible -= {r for r in gone if self.store.manifest(r) is None}

    @invariant()
    def what_counts_is_whole(self):
        refs = set(self.store.list_refs())
        assert self.recorded <= refs
        assert refs == self.visible
        for ref in refs:
            assert self.store.verify(ref) == []
            number = int(ref.fingerprint, 16)
            assert self.store.open(ref).array("obs_mean").tolist() == [number] * 3

    def teardown(self):
        shutil.rmtree(self.folder)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
