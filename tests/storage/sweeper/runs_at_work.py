"""Runs of two users that go on stage by stage, as rules, and a model of what they name."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
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
from xsim_core.errors import BadInputError, MissingArtifactError
from xsim_core.runs import RunRecord, RunRequest, load_record
from xsim_core.stage import Stage, output_ref, run_stage
from xsim_core.storage import Runtime

NAMES = ("take1", "take2")
SKEWS_H = (-5, 0, 5)


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


class RunsAtWork(RuleBasedStateMachine):
    """Two users, whose machines' clocks differ, their runs and pins, and what these name."""

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

    def is_there(self, ref):
        store = self.users[0]
        return store.manifest(ref) is not None and store.verify(ref) == []


def replace_anew(config):
    return config.model_copy(update={"anew": "c0de"})
