"""A bad network and racing workers: one winner, nothing lost, nothing half there."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from obstore.exceptions import BaseError

from tests.contracts.toys import TOY, ToyConfig
from tests.faults.cargo import CARGO, CargoConfig, wrong_parts
from tests.faults.proxy import FAULTS, FLIPS, FaultyProxy
from xsim_core.errors import XSimError
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore

# Zarr leaves coroutines unawaited when one of several writes fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Campaign:
    """Artifacts made and read through the proxy, and judged without it."""

    def __init__(self, url, endpoint, folder, monkeypatch, *, share, faults=FAULTS, num_writers=1):
        self.folder, self.num_writers, self.counts = folder, num_writers, Counter()
        self.direct = ArtifactStore(url, scratch_root=folder / "direct")
        self.proxy = FaultyProxy(endpoint, share=share, seed=7, faults=faults)
        self.url, self.monkeypatch = url, monkeypatch
        self.promised = {}

    def run(self, num_runs):
        with self.proxy:
            self.monkeypatch.setenv("AWS_ENDPOINT_URL", self.proxy.endpoint)
            stores = [
                ArtifactStore(self.url, scratch_root=self.folder / f"scratch-{k}")
                for k in range(self.num_writers)
            ]
            with ThreadPoolExecutor(self.num_writers) as pool:
                for number in range(num_runs):
                    self.one(pool, stores, CargoConfig(number=number, is_large=number % 25 == 7))
        for ref, config in self.promised.items():
            self.judge(ref, config)
        faults = {k: v for k, v in sorted(self.proxy.counts.items()) if k != "none"}
        self.counts["requests"] = sum(self.proxy.counts.values())
        self.counts["spoilt"] = sum(faults.values())
        print(dict(self.counts), faults)
        return self.counts

    def one(self, pool, stores, config):
        ref = output_ref(CARGO, config, {})
        for done in [pool.submit(self.commit, store, config) for store in stores]:
            self.counts["commits" if done.result() else "commits failed"] += 1
            if done.result():
                self.promised[ref] = config
        if self.direct.manifest(ref) is not None:
            self.promised[ref] = config
        if ref in self.promised:
            for store in stores:
                self.read(store, ref, config)

    def commit(self, store, config):
        try:
            ref = run_stage(CARGO, config, store, {})
        except (BaseError, OSError, XSimError) as error:
            print("commit failed:", str(error).splitlines()[0][:200])
            return False
        assert ref == output_ref(CARGO, config, {})
        return True

    def read(self, store, ref, config):
        try:
            wrong = wrong_parts(store.open(ref), config)
        except (BaseError, OSError, XSimError, ValueError) as error:
            print("read failed:", str(error).splitlines()[0][:200])
            self.counts["reads failed"] += 1
        else:
            self.counts["reads"] += 1
            self.counts["wrong reads"] += bool(wrong)

    def judge(self, ref, config):
        """What was once promised or seen must be there, whole, at the end of all."""
        manifest = self.direct.manifest(ref)
        if manifest is None:
            self.counts["lost"] += 1
            return
        is_whole = self.direct.verify(ref) == []
        is_right = is_whole and not wrong_parts(self.direct.open(ref), config)
        self.counts["corrupted"] += not is_right


def assert_nothing_is_lost(counts, *, num_commits, min_spoilt, may_fail=False):
    """And nothing failed for a fault that a second try mends."""
    assert counts["spoilt"] >= min_spoilt
    assert counts["lost"] == counts["corrupted"] == counts["wrong reads"] == 0
    assert counts["reads failed"] == 0
    assert counts["commits"] + counts["commits failed"] == num_commits
    assert counts["reads"] == counts["commits"] > 0
    assert may_fail or counts["commits failed"] == 0


def test_a_bad_network_loses_nothing(moto_url, moto_endpoint, monkeypatch, tmp_path, haste):
    campaign = Campaign(moto_url, moto_endpoint, tmp_path, monkeypatch, share=0.08, num_writers=2)
    assert_nothing_is_lost(campaign.run(2), num_commits=4, min_spoilt=5)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    ("share", "faults", "num_writers", "num_runs"),
    [(0.05, FAULTS, 1, 150), (0.2, FAULTS, 1, 100), (0.1, FAULTS, 2, 60), (0.05, FLIPS, 1, 60)],
    ids=["bad", "very bad", "racing", "flipping"],
)
@pytest.mark.parametrize("server", ["moto", pytest.param("real", marks=pytest.mark.s3)])
def test_a_very_bad_network_loses_nothing(
    server, request, monkeypatch, tmp_path, haste, share, faults, num_writers, num_runs
):
    endpoint = request.getfixturevalue("moto_endpoint" if server == "moto" else "real_s3")
    url = request.getfixturevalue(f"{server}_url")
    campaign = Campaign(
        url, endpoint, tmp_path, monkeypatch, share=share, faults=faults, num_writers=num_writers
    )
    counts = campaign.run(num_runs)
    assert_nothing_is_lost(
        counts,
        num_commits=num_runs * num_writers,
        min_spoilt=counts["requests"] * share / 4,
        # Moto takes an upload whose signature's digest differs; only reading back finds it.
        may_fail=faults is FLIPS and server == "moto",
    )


@pytest.mark.parametrize("where", ["file", "s3"])
def test_racing_workers_answer_the_same(where, request, tmp_path):
    url = (tmp_path / "s").as_uri() if where == "file" else request.getfixturevalue("moto_url")
    for number in range(3):
        config = ToyConfig(name=f"race-{number}")
        start = threading.Barrier(4)

        def work(index, config=config, start=start):
            store = ArtifactStore(url, scratch_root=tmp_path / f"scratch-{index}")
            start.wait()
            return run_stage(TOY, config, store, {})

        with ThreadPoolExecutor(4) as pool:
            refs = set(pool.map(work, range(4)))
        store = ArtifactStore(url)
        (ref,) = refs
        assert store.verify(ref) == []
        attempts = {p.split("/")[2] for p, _, _ in store.list_objects(f"{ref}/")}
        assert attempts == {"manifest.json", store.manifest(ref).attempt}
