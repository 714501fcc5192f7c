"""``xsim verify`` finds damage to any object of an artifact, wherever it is."""

import random

import obstore
import pytest

from tests.faults.cargo import CARGO, CargoConfig
from xsim_core.errors import CorruptArtifactError, MissingArtifactError
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    store = ArtifactStore((tmp_path_factory.mktemp("verify") / "s").as_uri())
    ref = run_stage(CARGO, CargoConfig(number=1), store, {})
    return store, ref


def paths_of(store, ref):
    return [path for path, _, _ in store.list_objects(f"{ref}/")]


def flip(data, rng):
    position = rng.randrange(len(data))
    return data[:position] + bytes([data[position] ^ 1 << rng.randrange(8)]) + data[position + 1 :]


DAMAGE = {
    "flip": flip,
    "truncate": lambda data, rng: data[: rng.randrange(len(data))],
    "grow": lambda data, rng: data + rng.randbytes(1),
    "swap": lambda data, rng: rng.randbytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_any_object_is_found(committed, damage):
    store, ref = committed
    rng = random.Random(damage)
    paths = paths_of(store, ref)
    assert len(paths) >= 20
    for path in paths * 3:
        data = store.read_object(path)
        obstore.put(store._objects.backend, path, DAMAGE[damage](data, rng))
        problems = store.verify(ref)
        obstore.put(store._objects.backend, path, data)
        if path.endswith("manifest.json"):
            assert len(problems) == 1, path
        else:
            assert [path in p for p in problems] == [True], (path, problems)
    assert store.verify(ref) == []


def test_a_missing_object_is_found(committed):
    store, ref = committed
    for path in paths_of(store, ref):
        if not path.endswith("manifest.json"):
            data = store.read_object(path)
            store.delete_objects([path])
            assert store.verify(ref) == [f"{path} is missing"]
            obstore.put(store._objects.backend, path, data)


def test_any_flipped_bit_of_a_manifest_is_found(committed):
    """Its end is the digest of the rest; so the bits of that end are tried one by one."""
    store, ref = committed
    path = f"{ref}/manifest.json"
    data, rng = store.read_object(path), random.Random(0)
    end = [(len(data) - 1 - k, bit) for k in range(80) for bit in range(8)]
    rest = [(rng.randrange(len(data)), rng.randrange(8)) for _ in range(200)]
    for position, bit in rest + end:
        altered = data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
        obstore.put(store._objects.backend, path, altered)
        assert store.verify(ref) != [], (position, bit)
    obstore.put(store._objects.backend, path, data)
    assert store.verify(ref) == []


@pytest.mark.parametrize("what", ["payload", "manifest"])
def test_what_the_disk_lost_is_forgotten_by_name_and_made_anew(tmp_path, what):
    store = ArtifactStore(tmp_path / "s")
    ref = run_stage(CARGO, CargoConfig(number=2), store, {})
    assert store.forget(ref) == []
    assert store.verify(ref) == [], "what is whole stays"
    victim = f"{ref}/manifest.json"
    if what == "payload":
        victim = next(p for p in paths_of(store, ref) if p.endswith("/c/0/0") or "/c/" in p)
        store.delete_objects([victim])
    else:
        obstore.put(store._objects.backend, victim, b"{")

    def read():
        opened = store.open(ref)
        return [opened.array(name) for name in opened.array_names]

    with pytest.raises(CorruptArtifactError, match=f"'xsim forget {ref}'"):
        read()
    assert store.forget(ref)
    assert store.manifest(ref) is None
    assert run_stage(CARGO, CargoConfig(number=2), store, {}) == ref
    assert store.verify(ref) == []
    store.delete(ref)
    with pytest.raises(MissingArtifactError):
        store.forget(ref)
