"""Nothing that a run or a pin names is ever removed, whatever comes in whatever order.

The rules act on a real store, by the project's own naming, recording and sweeping, and on a model
of what is named. ``python -m tests.storage.test_collect_machine 10000`` runs the campaign.
"""

import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from

from flows.executors import InProcess
from flows.records.awaiting import AwaitsRolloutsError
from flows.records.naming import take_name
from flows.records.recorder import Recorder
from flows.runs import recorded
from tasks.engine.observer import Silent
from tests.contracts.toys import ToyConfig
from tests.storage.laboratory import Server, User
from xsim_core.artifacts import Evaluation
from xsim_core.errors import BadInputError, MissingArtifactError, XSimError
from xsim_core.runs import RunRecord, RunRequest, load_record
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.storage import Runtime, read_records
from xsim_core.storage.collect import LOCK, collect

NAMES = ("take1", "take2")
GRACE_S = 3600.0
SKEWS_H = (-5, 0, 5)
PLAIN = {"no_grace": False, "spoilt": "", "folder": "", "spared": 0, "which": 0, "when": 0}
"""A sweep with grace beside which nothing happens and nothing goes wrong."""


def small(*, config, out, **inputs):
    del inputs
    out.write("success/x", np.ones(2, bool))
    out.write("progress/x", np.full(2, config.num_frames, np.float32))
    return Evaluation(task="t", rates=(), figures={})


INGEST = Stage("ingest_capture", 1, small, ToyConfig, {}, Evaluation)
TRAIN = Stage("toy_train", 1, small, ToyConfig, {"capture": Evaluation}, Evaluation)
EVALUATE = Stage("toy_evaluate", 1, small, ToyConfig, {"policy": Evaluation}, Evaluation)

done: Counter[str] = Counter()
"""What happened in all sequences of this process: a rule that never acts proves nothing."""


@dataclass
class Running:
    """A run between two of its stages."""

    stack: ExitStack
    recorder: Recorder
    execute: InProcess
    config: ToyConfig
    anew: ToyConfig
    num_stages: int
    refs: tuple = ()

    def step(self):
        """The next stage."""
        match self.refs:
            case ():
                ref = self.execute(INGEST, self.config)
            case (capture,):
                ref = self.execute(TRAIN, self.anew, capture=capture)
            case (_, policy):
                ref = self.execute(EVALUATE, self.config, policy=policy)
        self.refs = (*self.refs, ref)
        return ref


class Laboratory(RuleBasedStateMachine):
    """Two users, whose machines' clocks differ, and sweeps by either."""

    @initialize(skews_h=sampled_from([(a, b) for a in SKEWS_H for b in SKEWS_H]))
    def start(self, skews_h):
        done["sequences"] += 1
        self.server = Server()
        first, second = (timedelta(hours=h) for h in skews_h)
        one = User(self.server, first)
        self.users = [one, User(self.server, second, one)]
        self.named: dict[str, set] = {}
        """What each record, and each pin, names: number of the stage, and its artifact."""
        self.running: list[Running] = []
        self.claimed: set = set()
        """What somebody was told is there, and has not recorded: the next sweep leaves it."""
        self.now = datetime.now(UTC)

    @rule(
        user=integers(0, 1),
        number=integers(1, 3),
        day=sampled_from(["mon", "tue"]),
        name=sampled_from(NAMES),
        given=booleans(),
        anew=booleans(),
        num_stages=integers(1, 3),
        beside=booleans(),
    )
    def begin(self, user, number, day, name, given, anew, num_stages, beside):
        """A run is asked for; perhaps another of the same name in the same moment."""
        store, config = self.users[user], ToyConfig(num_frames=number)
        request = RunRequest(
            name=name if given else None,
            capture=f"/{day}/{name}",
            anew={"toy_train": "c0de"} if anew else {},
        )
        capture = output_ref(INGEST, config, {})
        if beside:
            other = request.model_copy(update={"capture": f"/{'mon' if anew else 'wed'}/{name}"})
            store.interrupt(
                2,
                lambda: self.take(
                    1 - user, other, output_ref(INGEST, ToyConfig(num_frames=number % 3 + 1), {})
                ),
            )
        called = self.take(user, request, capture)
        store.finish()
        if called is None:
            return
        stack = ExitStack()
        record = RunRecord(name=called, request=request, taken_in=capture)
        recorder = stack.enter_context(recorded(store, record))
        execute = InProcess(store, Runtime(), Silent(), recorder)
        again = replace_anew(config) if anew else config
        self.running.append(Running(stack, recorder, execute, config, again, num_stages))
        done["begun"] += 1

    def take(self, user, request, capture):
        """The name; a record that is another's, or of other content that is at work, stays."""
        store = self.users[user]
        at_work = {run.recorder.record.name: run.recorder.record.taken_in for run in self.running}
        try:
            called = take_name(store, request, capture)
        except BadInputError:
            done["refused"] += 1
            return None
        had = load_record(store, called)
        assert had.request.capture == request.capture or capture in (
            had.taken_in,
            had.stages.get("ingest_capture"),
        )
        assert had.request.anew == request.anew
        assert at_work.get(called, capture) == capture
        self.named.setdefault(f"runs/{called}", set())
        return called

    @rule(which=integers(0, 3))
    def step(self, which):
        """A run makes or finds its next stage, or ends."""
        if not self.running:
            return
        run = self.running[which % len(self.running)]
        name = f"runs/{run.recorder.record.name}"
        if len(run.refs) == run.num_stages:
            self.running.remove(run)
            run.stack.close()
            done["completed"] += 1
            return
        try:
            ref = run.step()
        except MissingArtifactError as error:  # Told that a sweep is at it.
            self.end(run, error)
            done["told of a sweep"] += 1
            return
        # A stage that was made again takes the place of what it was; those after it stay, and keep
        # what they were made from.
        stage = len(run.refs) - 1
        others = {(n, had) for n, had in self.named.get(name, ()) if n != stage}
        self.named[name] = others | {(stage, ref)}

    @rule(which=integers(0, 3))
    def go_on_to_the_end(self, which):
        """A run makes or finds all that is left of it."""
        run = self.running[which % len(self.running)] if self.running else None
        while run in self.running:
            self.step(which=self.running.index(run))

    def step_beside(self, which):
        """Between two requests of a sweep; what goes wrong there is the sweep's own."""
        spoilt, self.server.spoilt = self.server.spoilt, None
        self.step(which)
        self.server.spoilt = spoilt
        done["beside a sweep"] += 1

    @rule(which=integers(0, 3))
    def interrupt(self, which):
        """Somebody ends a run."""
        if self.running:
            self.end(self.running[which % len(self.running)], KeyboardInterrupt())
            done["interrupted"] += 1

    @rule(which=integers(0, 3))
    def wait(self, which):
        """A run goes no further until a person brings something; asked for again, it goes on."""
        if not self.running:
            return
        run = self.running[which % len(self.running)]
        if run.refs:
            self.end(run, AwaitsRolloutsError(run.refs[-1]))
            assert load_record(self.users[0], run.recorder.record.name).state == "waiting"
            done["waits"] += 1

    def end(self, run, error):
        self.running.remove(run)
        run.stack.__exit__(type(error), error, None)

    @rule(user=integers(0, 1), number=integers(1, 3))
    def pin(self, user, number):
        """A person keeps an artifact that is there."""
        store = self.users[user]
        try:
            ref = run_stage(INGEST, ToyConfig(num_frames=number), store, {})
            store.pin("best", ref)
        except MissingArtifactError:
            done["told of a sweep"] += 1
            return
        self.named["pins/best"] = {(0, ref)}
        done["pinned"] += 1

    @rule(name=sampled_from(NAMES))
    def remove_record(self, name):
        """Somebody deletes the record of a run that is not at work."""
        if not self.is_running(f"{name}-demo"):
            self.users[0].delete_objects([f"runs/{name}-demo.json"])
            self.named.pop(f"runs/{name}-demo", None)

    @rule(name=sampled_from(NAMES))
    def rename(self, name):
        """Somebody renames the file of a record."""
        old, new, store = f"runs/{name}-demo", f"runs/renamed-{name}", self.users[0]
        if old in self.named and not self.is_running(f"{name}-demo"):
            body = store.read_object(f"{old}.json")
            assert body is not None
            store._objects.write(f"{new}.json", body)
            store.delete_objects([f"{old}.json"])
            self.named[new] = self.named.pop(old)
            done["renamed"] += 1

    def is_running(self, name):
        return any(run.recorder.record.name == name for run in self.running)

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

    def is_there(self, ref):
        store = self.users[0]
        return store.manifest(ref) is not None and store.verify(ref) == []


def replace_anew(config):
    return config.model_copy(update={"anew": "c0de"})


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
