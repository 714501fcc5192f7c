"""Nothing that a run or a pin names is ever removed, whatever comes in whatever order.

The rules act on a real store, by the project's own naming, recording and sweeping, and on a model
of what is named. ``python -m tests.storage.sweeper.test_collect_machine 10000`` runs the campaign.
"""

import sys
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from

from tests.contracts.toys import ToyConfig
from xsim_core.errors import MissingArtifactError, XSimError
from xsim_core.runs import RunRecord
from xsim_core.stage import run_stage
from xsim_core.storage import read_records
from xsim_core.storage.collect import LOCK, collect

from .runs_at_work import INGEST, NAMES, RunsAtWork, done

GRACE_S = 3600.0
PLAIN = {"no_grace": False, "spoilt": "", "folder": "", "spared": 0, "which": 0, "when": 0}
"""A sweep with grace beside which nothing happens and nothing goes wrong."""


class Laboratory(RunsAtWork):
    """Sweeps by either user beside the runs, and what must then be there."""

    @rule(
        user=integers(0, 1),
        hours=sampled_from([0, 1, 3, 30]),
        no_grace=booleans(),
        spoilt=sampled_from(["", "", "empty", "cut", "failed", "lost"]),
        folder=sampled_from(["runs", "pins", "evaluation", "gc"]),
        spared=integers(0, 1),
        which=integers(0, 3),
        when=sampled_from([0, *range(1, 48)]),
    )
    def sweep(self, user, hours, no_grace, spoilt, folder, spared, which, when):
        """A sweep, hours later by a wrong clock; one answer may be wrong, and a run goes on."""
        store = self.users[user]
        self.now += timedelta(hours=hours)
        store.delete_objects([LOCK])
        if when and self.running:
            no_grace = False  # It is for a store on which nothing runs.
            store.interrupt(when, lambda: self.step_beside(which))
        no_grace = no_grace and not self.running
        self.server.spoilt, self.server.spared = (spoilt, folder) if spoilt else None, spared
        try:
            result = collect(
                store,
                grace_s=0.0 if no_grace else GRACE_S,
                dry_run=False,
                now=self.now + store.clock,
            )
            done["removed"] += len(result.removed)
        except XSimError:
            done["sweep refused"] += 1
        done[f"spoilt: {spoilt}"] += bool(spoilt and self.server.spoilt is None)
        self.server.spoilt = None
        store.finish()
        assert no_grace or all(map(self.is_there, self.claimed))
        self.claimed = set()

    @rule(
        user=integers(0, 1),
        number=integers(1, 3),
        spared=integers(0, 1),
        spoilt=sampled_from(["empty", "cut", "lost"]),
        folder=sampled_from(["runs", "pins"]),
    )
    def sweeps_that_go_wrong_alike(self, user, number, spared, spoilt, folder):
        """The one that condemns, and the one that removes, while something is named."""
        if folder == "pins":
            self.pin(user=user, number=number)
        else:
            self.begin(
                user=user,
                number=number,
                day="tue",
                name="take1",
                given=False,
                anew=False,
                num_stages=1,
                beside=False,
            )
            self.go_on_to_the_end(which=len(self.running) - 1)
        for _ in range(2):
            wrong = {"spoilt": spoilt, "folder": folder, "spared": spared}
            self.sweep(user=user, hours=30, **{**PLAIN, **wrong})

    @rule(user=integers(0, 1), number=integers(1, 3))
    def reuse(self, user, number):
        """Somebody makes or finds an artifact, and takes a while to say so."""
        try:
            self.claimed.add(run_stage(INGEST, ToyConfig(num_frames=number), self.users[user], {}))
            done["claimed"] += 1
        except MissingArtifactError:
            done["told of a sweep"] += 1

    @rule(user=integers(0, 1), number=integers(1, 3))
    def reuse_between_sweeps(self, user, number):
        """What a sweep has condemned is claimed before the next, and not recorded."""
        for _ in range(2):
            self.reuse(user=1 - user, number=number)
            self.sweep(user=user, hours=30, **PLAIN)

    @rule(user=integers(0, 1), number=integers(1, 3), when=integers(1, 48))
    def reuse_beside_a_sweep(self, user, number, when):
        """What a sweep condemned hours ago is used between two requests of the next."""
        try:
            run_stage(INGEST, ToyConfig(num_frames=number), self.users[user], {})
        except MissingArtifactError:
            return
        self.sweep(user=user, hours=30, **PLAIN)
        self.begin(
            user=1 - user,
            number=number,
            day="mon",
            name="take1",
            given=False,
            anew=False,
            num_stages=1,
            beside=False,
        )
        beside = {"when": when, "which": len(self.running) - 1}
        self.sweep(user=user, hours=30, **{**PLAIN, **beside})

    @rule(user=integers(0, 1), number=integers(1, 2), name=sampled_from(NAMES))
    def ended_elsewhere_and_begun_with_other_content(self, user, number, name):
        """No record then says that the first is at work, nor what it stands on."""
        asked = {"day": "mon", "name": name, "given": False, "anew": False, "num_stages": 1}
        self.begin(user=user, number=number, beside=False, **asked)
        if not self.running:
            return
        self.step(which=len(self.running) - 1)
        for content in (number, number + 1):
            self.begin(user=1 - user, number=content, beside=False, **asked)
            self.go_on_to_the_end(which=len(self.running) - 1)
        for _ in range(2):
            self.sweep(user=user, hours=30, **PLAIN)

    @rule(user=integers(0, 1), number=integers(1, 3))
    def begun_again_and_ended_early(self, user, number):
        """What a finished run had made stays, though it did not come to all of it again."""
        for is_again in (False, True):
            num_running = len(self.running)
            self.begin(
                user=user,
                number=number,
                day="tue",
                name="take2",
                given=False,
                anew=False,
                num_stages=3,
                beside=False,
            )
            if len(self.running) == num_running:
                return
            run = self.running[-1]
            if not is_again:
                self.go_on_to_the_end(which=num_running)
                continue
            self.step(which=num_running)
            if run in self.running:
                self.end(run, KeyboardInterrupt())
        for _ in range(2):
            self.sweep(user=user, hours=30, **PLAIN)

    @rule(user=integers(0, 1), number=integers(1, 2), name=sampled_from(NAMES), first=booleans())
    def two_of_one_folder(self, user, number, name, first):
        """Two machines, each with a folder of this name, that holds another capture."""
        for who, what in ((user, number), (1 - user, number + 1)):
            self.begin(
                user=who,
                number=what,
                day="mon",
                name=name,
                given=False,
                anew=False,
                num_stages=1,
                beside=False,
            )
        for run in self.running[-2:][:: 1 if first else -1]:
            self.step(which=self.running.index(run))

    @invariant()
    def what_is_named_is_there(self):
        done["checks"] += 1
        for name, refs in getattr(self, "named", {}).items():
            for _, ref in refs:
                assert self.is_there(ref), (name, ref)

    @invariant()
    def what_a_run_at_work_stands_on_is_there(self):
        """Also where another of its name has made a stage again meanwhile."""
        for run in getattr(self, "running", ()):
            assert all(map(self.is_there, run.refs)), run.recorder.record.name

    @invariant()
    def what_a_record_says_is_there_and_of_one_chain(self):
        if not hasattr(self, "users"):
            return
        records, odd = read_records(self.users[0], "runs", RunRecord)
        assert not odd
        for record in records.values():
            assert all(map(self.is_there, (*record.stages.values(), *record.former.values())))
            made = set(record.stages.values())
            for ref in made:
                assert made.issuperset(self.users[0].manifest(ref).inputs.values()), record


def campaign(num_sequences):
    """As many sequences as asked for."""
    run_state_machine_as_test(
        Laboratory,
        settings=settings(
            max_examples=num_sequences, stateful_step_count=20, deadline=None, database=None
        ),
    )


Laboratory.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestLaboratory = Laboratory.TestCase


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_ten_thousand_sequences():
    campaign(10_000)
    assert all(done[what] > 0 for what in ("completed", "removed", "refused", "renamed", "pinned"))


if __name__ == "__main__":
    try:
        campaign(int(sys.argv[1]))
    finally:  # Also of one that was ended early.
        sys.stdout.write(f"{dict(done)}\n")
