"""One artifact of each kind, in a store in memory."""

import pytest

from tests.evaluate.fixtures import make_dataset, make_images, make_student
from tests.sim.fixtures import make_scene, make_track
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="session")
def store():
    return ArtifactStore("memory://")


@pytest.fixture(scope="session")
def refs(store):
    return {
        "track": make_track(store),
        "scene": make_scene(store),
        "images": make_images(store),
        "dataset": make_dataset(store),
        "student": make_student(store),
    }
