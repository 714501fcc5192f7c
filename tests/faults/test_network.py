"""A bad network and racing workers: one winner, nothing lost, nothing half there."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from obstore.exceptions import BaseError

from tests.contracts.toys import TOY, ToyConfig
from tests.faults.proxy import FaultyProxy
from xsim_core.errors import XSimError
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore, backends, commit

# Zarr leaves coroutines unawaited when one of several writes fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

RETRIES = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=5),
        "max_backoff": timedelta(milliseconds=40),
        "base": 2,
    },
}


def campaign(url, endpoint, folder, monkeypatch, *, num_runs, share):
    """Run toy stages through the proxy; judge what is there without it.

    Returns:
        Counts of runs that answered, runs that failed, artifacts lost or damaged, and faults.
    """
    monkeypatch.setattr(backends, "_RETRIES", RETRIES)
    direct = ArtifactStore(url, scratch_root=folder)
    counts = {"answered": 0, "failed": 0, "bad": 0}
    with FaultyProxy(endpoint, share=share, seed=7) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(url, scratch_root=folder)
        for number in range(num_runs):
            config = ToyConfig(num_frames=2 + number % 5, name=f"n{number}")
            ref = output_ref(TOY, config, {})
            try:
                assert run_stage(TOY, config, store, {}) == ref
                counts["answered"] += 1
                counts["bad"] += direct.manifest(ref) is None
            except (BaseError, OSError, XSimError) as error:
                print("failed:", str(error).splitlines()[0][:160])
                counts["failed"] += 1
            if direct.manifest(ref) is not None:
                counts["bad"] += direct.verify(ref) != []
                read = direct.open(ref).array("T_world_object")
                expected = np.random.default_rng(config.num_frames).normal(size=read.shape)
                counts["bad"] += not np.array_equal(read, expected)
    counts["bad"] += any(direct.verify(ref) for ref in direct.list_refs())
    return counts | {f"fault: {k}": v for k, v in proxy.counts.items()}


def test_a_bad_network_loses_nothing(moto_url, moto_endpoint, monkeypatch, tmp_path):
    counts = campaign(moto_url, moto_endpoint, tmp_path, monkeypatch, num_runs=8, share=0.08)
    print(counts)
    assert counts["bad"] == 0
    assert counts["answered"] >= 4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", [0.05, 0.25])
def test_a_very_bad_network_loses_nothing(moto_url, moto_endpoint, monkeypatch, tmp_path, share):
    counts = campaign(moto_url, moto_endpoint, tmp_path, monkeypatch, num_runs=60, share=share)
    print(counts)
    assert counts["bad"] == 0


def test_a_lost_answer_to_the_manifest_is_no_failure(
    moto_url, moto_endpoint, monkeypatch, tmp_path
):
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)

        publish = commit.publish

        def lose_answers(*args):
            proxy.faults, proxy.share = ("reset after",), 1.0
            threading.Timer(0.05, setattr, (proxy, "share", 0.0)).start()
            return publish(*args)

        monkeypatch.setattr(commit, "publish", lose_answers)
        ref = run_stage(TOY, ToyConfig(), store, {})
        assert proxy.counts["reset after"] >= 1
        assert store.verify(ref) == []


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
