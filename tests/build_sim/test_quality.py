"""xsim_core/build_sim/quality.py: a failed track is refused before hours are spent on it."""

import pytest

from tests.sim.fixtures import TABLE_Z, make_scene, make_track, push_path
from xsim_core.artifacts import ObjectTrack, SimWorld
from xsim_core.build_sim import BuildSimConfig
from xsim_core.build_sim.quality import check_track
from xsim_core.errors import QualityGateError
from xsim_core.stage import run_stage
from xsim_core.stages import BUILD_SIM
from xsim_core.storage import ArtifactStore


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def tried(store, z_m=0.0, **config):
    path = push_path()
    path[:, 2, 3] += z_m
    track = store.open(make_track(store, path, name=f"{z_m}"), ObjectTrack)
    return check_track(track, TABLE_Z, BuildSimConfig(**config))


def test_a_good_track_says_nothing(store):
    assert tried(store) == ()


def test_a_track_3_cm_under_the_table_is_refused_with_the_ways_on(store):
    with pytest.raises(QualityGateError, match="fails: it lies 30 mm below the room's table") as e:
        tried(store, -0.03)
    assert "overlay.mp4" in str(e.value)
    assert "--set build_sim.accept_track='…'" in str(e.value)
    with pytest.raises(QualityGateError):
        tried(store, -0.03, accept_track="  ")


def test_whoever_takes_it_all_the_same_is_named_in_the_world(store):
    path = push_path()
    path[:, 2, 3] -= 0.03
    inputs = {"scene": make_scene(store), "track": make_track(store, path)}
    config = BuildSimConfig(accept_track="the board was 3 cm thick. Ada")
    made = store.open(run_stage(BUILD_SIM, config, store, inputs), SimWorld)
    (note,) = made.notes
    assert note.endswith("and was taken all the same: the board was 3 cm thick. Ada")
    assert made.manifest.config["accept_track"] == "the board was 3 cm thick. Ada"


def test_a_track_to_be_looked_at_is_built_and_told(store):
    (note,) = tried(store, -0.013)
    assert note.startswith("the object's track: it lies 13 mm below the room's table")


def test_the_switch_changes_no_name_where_nobody_used_it():
    assert "accept_track" not in BuildSimConfig().model_dump(mode="json")
