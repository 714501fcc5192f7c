"""xsim_core/promotion/rules.py: nights and persons, in whatever order (docs/promotion.md)."""

from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import data, integers, sampled_from

from tests.flows.toys import ToyConfig, toy_stage
from xsim_core.errors import BadInputError, MissingArtifactError
from xsim_core.promotion import history, objection, promote, rollback, taken_back
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore

NUM_POLICIES = 6


class Laboratory(RuleBasedStateMachine):
    """Nights whose candidate always wins its trials, and a person beside them."""

    @initialize()
    def start(self):
        self.store = ArtifactStore("memory://")
        stage = toy_stage("diffusion", inputs={})
        self.policies = [
            run_stage(stage, ToyConfig(seed=n), self.store, {}) for n in range(NUM_POLICIES)
        ]
        self.allowed = list(self.policies)
        """What a night may still bring in: never current, or nothing at all."""
        self.refused = set()

    def entries(self):
        return history(self.store, "push")

    @rule(number=integers(0, NUM_POLICIES - 1))
    def night(self, number):
        """Any night, for the first time or again."""
        candidate, entries = self.policies[number], self.entries()
        reason = objection(entries, candidate)
        assert (reason is None) == (candidate in self.allowed)
        if reason is None:
            promote(self.store, "push", candidate, reason="a night", expected=len(entries))
            self.allowed.remove(candidate)

    @precondition(lambda self: self.entries())
    @rule()
    def step_back(self):
        before = self.entries()[-1]
        try:
            now = rollback(self.store, "push")
        except MissingArtifactError:
            return
        assert now.ref != before.ref
        assert now.ref not in self.refused
        self.refused.add(before.ref)

    @precondition(lambda self: self.entries())
    @rule(choice=data())
    def step_to(self, choice):
        entries = self.entries()
        chosen = choice.draw(sampled_from(entries))
        if chosen.ref == entries[-1].ref:
            with pytest.raises(BadInputError, match="current policy of push already"):
                rollback(self.store, "push", to=chosen.number)
            return
        rollback(self.store, "push", to=chosen.number)
        self.refused = set(taken_back(self.entries()))
        assert chosen.ref not in self.refused

    @rule(number=integers(0, NUM_POLICIES - 1))
    def by_hand(self, number):
        ref, entries = self.policies[number], self.entries()
        if entries and entries[-1].ref == ref:
            return
        promote(self.store, "push", ref, reason="by hand")
        self.refused.discard(ref)
        self.allowed = [p for p in self.allowed if p != ref]

    @invariant()
    def what_a_person_took_back_is_not_current(self):
        if self.entries():
            assert self.entries()[-1].ref not in self.refused
            assert self.refused <= set(taken_back(self.entries()))

    @invariant()
    def numbers_have_no_gap_and_neighbours_differ(self):
        entries = self.entries()
        assert [e.number for e in entries] == list(range(1, len(entries) + 1))
        assert all(a.ref != b.ref for a, b in pairwise(entries))


Laboratory.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestLaboratory = Laboratory.TestCase
