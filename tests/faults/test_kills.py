"""SIGKILL at random moments: what was committed stays whole, what was not is invisible."""

import logging
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.toys import TOY
from tests.faults.nursery import Nursery
from tests.faults.victim import NUM_RECIPES, config
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect


class Killer:
    """Kills writers: at any moment, when they wrote, and about when the manifest goes."""

    def __init__(self, url, seed, folder):
        self.url, self.rng, self.counts = url, random.Random(seed), Counter()
        self.store = ArtifactStore(url, scratch_root=folder)
        self.visible = set()
        self.longest_s = {"start": 0.05, "wrote": 0.02, "publish": 0.005}
        self.highest_s = {"start": 1.0, "wrote": 0.5, "publish": 0.1}

    def run(self, num_kills):
        with Nursery("tests.faults.victim") as nursery:
            while self.counts["kills"] < num_kills:
                self.one(nursery)
                if self.counts["kills"] % 50 == 0:
                    print(dict(self.counts), flush=True)
        self.finish()
        return self.counts

    def one(self, nursery):
        number = self.rng.randrange(NUM_RECIPES)
        expected = output_ref(TOY, config(number), {})
        if self.counts["kills"] % 9 != 0:
            self.store.delete(expected)
            self.visible.discard(expected)
        since = self.rng.choice(["start", "wrote", "publish"])
        outcome = nursery.run(
            kill_after_s=self.rng.uniform(0, self.longest_s[since]),
            since=since,
            url=self.url,
            number=number,
        )
        self.adapt(since, outcome)
        self.counts["kills" if outcome.killed else "finished"] += 1
        self.counts["failed"] += outcome.failure is not None
        everything = self.url.startswith("file") or self.counts["kills"] % 10 == 0
        refs = self.store.list_refs()
        # What others had finished is no business of a dying writer.
        self.counts["lost"] += len(self.visible - set(refs))
        self.visible = set(refs)
        # A server may still be doing the last thing that a dead writer asked for.
        there = self.store.manifest(expected) is not None
        self.counts["there after a kill"] += outcome.killed and there
        self.counts["lost"] += (outcome.promise is not None or expected in refs) and not there
        for ref in refs if everything else {expected} & set(refs):
            self.counts["damaged"] += self.store.verify(ref) != []

    def adapt(self, since, outcome):
        """Aim at all of what a victim does, and a little beyond."""
        factor = 1.02 if outcome.killed else 0.9
        self.longest_s[since] = min(factor * self.longest_s[since], self.highest_s[since])

    def finish(self):
        """After all kills every recipe can be made, and a sweep leaves nothing else behind."""
        for number in range(NUM_RECIPES):
            ref = run_stage(TOY, config(number), self.store, {})
            self.store.pin(f"p{number}", ref)
        self.counts["orphans before gc"] = self.count_orphans()
        collect(self.store, grace_s=0, dry_run=False)
        self.counts["damaged"] += any(self.store.verify(ref) for ref in self.store.list_refs())
        self.counts["orphans after gc"] = self.count_orphans()

    def count_orphans(self):
        """Attempts that no manifest names."""
        attempts = {p.split("/")[2] for p, _, _ in self.store.list_objects("ground_truth/")}
        return len(attempts - {"manifest.json"}) - NUM_RECIPES


def assert_nothing_is_lost(counts, num_kills):
    print(dict(counts))
    assert counts["kills"] >= num_kills
    assert counts["lost"] == counts["damaged"] == counts["failed"] == 0
    # Otherwise no kill fell into the middle of anything (of six, all may miss).
    assert num_kills < 30 or counts["orphans before gc"] > num_kills // 10
    assert counts["orphans after gc"] == 0


def test_a_few_kills(tmp_path):
    counts = Killer((tmp_path / "s").as_uri(), 0, tmp_path).run(30)
    assert_nothing_is_lost(counts, 30)


def test_a_few_kills_on_s3(moto_url, tmp_path):
    assert_nothing_is_lost(Killer(moto_url, 0, tmp_path).run(6), 6)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_thousand_kills(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        urls = [(tmp_path / f"s{seed}").as_uri() for seed in (1, 2)]
        results = list(pool.map(lambda url: Killer(url, url, tmp_path).run(500), urls))
    results[0].update(results[1])
    assert_nothing_is_lost(results[0], 1000)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("server", ["moto", pytest.param("real", marks=pytest.mark.s3)])
def test_hundreds_of_kills_on_s3(server, request, tmp_path):
    url = request.getfixturevalue(f"{server}_url")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    assert_nothing_is_lost(Killer(url, 3, tmp_path).run(300), 300)
