"""One fault at a time, at a chosen moment: every request is repeated or asked about again."""

import threading
from collections import Counter

import numpy as np
import pytest

from tests.contracts.toys import TOY, ToyConfig
from tests.faults.cargo import CARGO, CargoConfig, wrong_parts
from tests.faults.proxy import FAULTS, FaultyProxy
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore, commit

# Zarr leaves coroutines unawaited when one of several writes fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


CANNOT = {
    "torn upload": {"read", "list"},
    "torn answer": {"write", "create"},
    "slow": {"write", "create"},
}
"""Nothing is uploaded there, or answered but headers."""


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_of_each_kind_is_nobodys_failure(
    moto_url, moto_endpoint, monkeypatch, tmp_path, haste, fault
):
    """Every kind of request meets the fault once, and all goes on as if nothing had been."""
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)
        actions = {
            "write": lambda: store.put_record("runs/a.json", {"a": 1}),
            "read": lambda: store.get_record("runs/a.json") == {"a": 1},
            "list": lambda: store.list_records("runs") == ["runs/a.json"],
            "create": lambda: store.create_object("runs/b.json", b"mine"),
            "not again": lambda: not store.create_object("runs/b.json", b"another's"),
            "large": lambda: store._objects.write("runs/c", bytes(6 << 20)),
            "delete": lambda: store.delete_objects(["runs/b.json", "runs/c"]),
        }
        for name, act in actions.items():
            spoilt = proxy.counts[fault]
            spoil_next(proxy, fault)
            assert act() in (True, None), name
            assert (proxy.counts[fault] > spoilt) == (name not in CANNOT.get(fault, ())), name


def test_a_bit_that_flips_on_the_way_is_read_again(moto_url, moto_endpoint, monkeypatch, tmp_path):
    config = CargoConfig(number=1)
    ref = run_stage(CARGO, config, ArtifactStore(moto_url, scratch_root=tmp_path / "a"), {})
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)
        spoil_next(proxy, "flipped answer")
        opened = store.open(ref)
        spoil_next(proxy, "flipped answer")
        assert opened.group is not None
        for read in (opened.array, opened.frames):
            for name in opened.array_names:
                spoil_next(proxy, "flipped answer")
                read(name)
        spoil_next(proxy, "flipped answer")
        assert wrong_parts(opened, config) == []
        assert proxy.counts["flipped answer"] > 10


def every_other(fault):
    """Each object's first request is spoilt, its second is not, and so on."""
    asked = Counter()

    def draw(path):
        asked[path] += 1
        return fault if asked[path] % 2 else "none"

    return draw


def test_every_first_answer_is_flipped_while_writing_and_reading(
    moto_url, moto_endpoint, monkeypatch, tmp_path
):
    config = CargoConfig(number=1)
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)
        proxy.draw = every_other("flipped answer")
        ref = run_stage(CARGO, config, store, {})
        assert proxy.counts["flipped answer"] > len(store.manifest(ref).objects)
        assert wrong_parts(store.open(ref), config) == []
        writer = store.begin("capture", "ab" * 12)
        frames = np.random.default_rng(0).integers(0, 255, (4, 4, 5, 3), dtype=np.uint8)
        array = writer.create("photos", shape=frames.shape, dtype=np.uint8)
        for index, frame in enumerate(frames):
            array[index] = frame
        np.testing.assert_array_equal(writer.group["photos"][2], frames[2])


def test_a_manifest_that_is_altered_on_its_way_is_written_again(
    moto_url, moto_endpoint, monkeypatch, tmp_path
):
    """Servers compare the digest in the signature and refuse it; moto does not."""
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)
        proxy.draw = lambda path: (
            "flipped upload"
            if path.endswith("manifest.json") and not proxy.counts["flipped upload"]
            else "none"
        )
        ref = output_ref(TOY, ToyConfig(), {})
        assert run_stage(TOY, ToyConfig(), store, {}) == ref
        assert proxy.counts["flipped upload"] == 1
        assert store.verify(ref) == []


def spoil_next(proxy, fault):
    """The next request that can be spoilt in this way, and those sent beside it."""
    spoilt = proxy.counts[fault]
    proxy.draw = lambda _: fault if proxy.counts[fault] == spoilt else "none"


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
