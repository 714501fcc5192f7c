"""Nothing that a run or a pin names is ever removed, whatever comes in whatever order.

The rules act on a real store and on a model of what is named; ``python -m
tests.storage.test_collect_machine 10000`` runs the campaign.
"""

import contextlib
import sys
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from

from flows.naming import free_name
from tests.storage.test_collect import CHILD, TOY, ToyConfig, run_stage
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError, MissingArtifactError, XSimError
from xsim_core.runs import RunRecord, RunRequest, load_record, save_record
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import LOCK, collect
from xsim_core.storage.objects import Objects

NAMES = ("take1", "take2")
GRACE_S = 3600.0


class SpoiltObjects(Objects):
    """One listing of a folder is empty, as if the server had lost sight of it."""

    spoilt: str | None = None

    def listing(self, prefix=""):
        if self.spoilt and prefix.strip("/") == self.spoilt:
            self.spoilt = None
            return []
        return super().listing(prefix)


class Laboratory(RuleBasedStateMachine):
    """Two users, whose machines' clocks differ, and one sweeper."""

    @initialize()
    def start(self):
        self.store = ArtifactStore("memory://")
        self.store._objects = SpoiltObjects(self.store._objects.backend)
        self.users = [self.store, ArtifactStore("memory://")]
        self.users[1]._objects = self.store._objects
        self.named: dict[str, set] = {}
        """What each record, and each pin, names."""
        self.now = datetime.now(UTC)

    @rule(user=integers(0, 1), number=integers(1, 4), day=sampled_from(["mon", "tue"]),
          name=sampled_from(NAMES), given=booleans())  # fmt: skip
    def run(self, user, number, day, name, given):
        """A capture through two stages; another of the same name is another run."""
        store = self.users[user]
        request = RunRequest(name=name if given else None, capture=f"/{day}/{name}")
        try:
            parent = run_stage(TOY, ToyConfig(num_frames=number), store, {})
            capture = ArtifactRef(kind="capture", fingerprint=f"{number}" * 24)
            called = free_name(store, request, capture)
            child = run_stage(CHILD, ToyConfig(num_frames=number), store, {"parent": parent})
        except (BadInputError, MissingArtifactError):
            return  # Refused, or told that a sweep is at it.
        stages = {"ingest_capture": capture, "toy": parent, "child": child}
        before = self.named.get(f"runs/{called}")
        save_record(store, RunRecord(name=called, request=request, stages=stages))
        assert before is None or load_record(store, called).request.capture == request.capture
        self.named[f"runs/{called}"] = {parent, child}

    @rule(number=integers(1, 4))
    def pin(self, number):
        """A person keeps an artifact that is there."""
        try:
            ref = run_stage(TOY, ToyConfig(num_frames=number), self.store, {})
            self.store.pin("best", ref)
        except MissingArtifactError:
            return
        self.named["pins/best"] = {ref}

    @rule(name=sampled_from(NAMES))
    def remove_record(self, name):
        """Somebody deletes a run's record."""
        self.store.delete_objects([f"runs/{name}-demo.json"])
        self.named.pop(f"runs/{name}-demo", None)

    @rule(name=sampled_from(NAMES))
    def rename(self, name):
        """Somebody renames the file of a record."""
        old, new = f"runs/{name}-demo", f"runs/renamed-{name}"
        body = self.store.read_object(f"{old}.json")
        if body is not None and old in self.named:
            self.store._objects.write(f"{new}.json", body)
            self.store.delete_objects([f"{old}.json"])
            self.named[new] = self.named.pop(old)

    @rule(
        hours=sampled_from([0, 1, 3, 30]), skew_h=sampled_from([-5, 0, 5]), no_grace=booleans(),
        spoilt=sampled_from([None, "runs", "pins", "ground_truth"]),
    )  # fmt: skip
    def sweep(self, hours, skew_h, no_grace, spoilt):
        """A sweep by a machine whose clock is wrong; one listing may lack what is there."""
        self.now += timedelta(hours=hours)
        self.store.delete_objects([LOCK])
        self.store._objects.spoilt = spoilt
        with contextlib.suppress(XSimError):
            collect(
                self.store, grace_s=0.0 if no_grace else GRACE_S, dry_run=False,
                now=self.now + timedelta(hours=skew_h),
            )  # fmt: skip
        self.store._objects.spoilt = None

    @invariant()
    def what_is_named_is_there(self):
        for name, refs in getattr(self, "named", {}).items():
            for ref in refs:
                assert self.store.verify(ref) == [], (name, ref)


def campaign(num_sequences):
    """As many sequences as asked for."""
    run_state_machine_as_test(
        Laboratory,
        settings=settings(
            max_examples=num_sequences, stateful_step_count=12, deadline=None, database=None
        ),
    )


Laboratory.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestLaboratory = Laboratory.TestCase

if __name__ == "__main__":
    campaign(int(sys.argv[1]))
