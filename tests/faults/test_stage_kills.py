"""SIGKILL inside real stages: the store stays whole, nothing half is seen, the next try works."""

import random
from collections import Counter

import pytest

from tests.capture.conftest import TINY
from tests.diffusion.test_train import toy_dataset
from tests.faults.nursery import Nursery
from tests.render_dataset.test_render import LENIENT, make_teacher
from tests.sim.fixtures import make_sim
from tests.splat.conftest import commit_photos, photos
from xsim_core.artifacts import ArtifactRef
from xsim_core.capture import synthesize_capture
from xsim_core.errors import MissingArtifactError
from xsim_core.storage import ArtifactStore

__all__ = ["photos"]

KILLS = {"ingest_capture": 30, "splat": 30, "diffusion": 12, "render_dataset": 8}


@pytest.fixture(scope="module")
def house(tmp_path_factory, photos):
    """A store with the inputs of all victims, the refs of these, and a capture folder."""
    folder = tmp_path_factory.mktemp("stage-kills")
    synthesize_capture(folder / "capture", TINY)
    store = ArtifactStore((folder / "store").as_uri())
    inputs = {
        "ingest_capture": {},
        "splat": {"images": str(commit_photos(store, photos))},
        "render_dataset": {
            "teacher": str(make_teacher(store, folder / "a")),
            "sim": str(make_sim(store, **LENIENT)),
        },
        "diffusion": {
            "dataset": str(toy_dataset(store, num_episodes=10)),
            "sim": str(make_sim(store)),
        },
    }
    return store, inputs, folder / "capture"


@pytest.mark.slow
@pytest.mark.vulkan
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", KILLS)
def test_kills_inside_a_real_stage(house, name):
    store, inputs, capture = house
    args = {"url": store.url, "name": name, "inputs": inputs[name], "capture": str(capture)}
    rng, counts = random.Random(name), Counter()
    with Nursery("tests.faults.stage_victim") as nursery:
        others = set(store.list_refs())
        first = nursery.run(**args)
        whole_s, expected = first.lived_s, ArtifactRef.parse(first.promise)
        while counts["kills"] < KILLS[name]:
            store.delete(expected)
            if rng.random() < 0.8:
                moment = {"since": "start", "kill_after_s": rng.uniform(0, whole_s)}
            else:
                moment = {"since": "publish", "kill_after_s": rng.uniform(0, 0.02)}
            outcome = nursery.run(**moment, **args)
            counts["kills" if outcome.killed else "finished"] += 1
            counts["failed"] += outcome.failure is not None
            counts["there after a kill"] += outcome.killed and judge(store, expected, counts)
            counts["lost"] += bool(outcome.promise) and store.manifest(expected) is None
            again = nursery.run(**args)
            whole_s = 0.7 * whole_s + 0.3 * again.lived_s
            counts["next try failed"] += again.promise != str(expected)
            judge(store, expected, counts)
    print(name, f"{whole_s:.1f} s a run", dict(counts))
    assert others < set(store.list_refs())
    assert store.verify(expected) == []
    troubles = ("lost", "damaged", "half visible", "failed", "next try failed")
    assert not any(counts[t] for t in troubles)


def judge(store, expected, counts):
    """Whether the artifact is there; and then it must be whole, and otherwise out of sight."""
    refs = store.list_refs()
    counts["damaged"] += any(store.verify(ref) for ref in refs)
    there = store.manifest(expected) is not None
    counts["half visible"] += (expected in refs) != there
    if there:
        store.open(expected).array_names  # noqa: B018
    else:
        with pytest.raises(MissingArtifactError):
            store.open(expected)
    return there
