"""xsim_core/gap/factors.py: each thing of a place belongs to one factor, and all make the world."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.sim.fixtures import block_mesh, open_sim
from xsim_core.gap import FACTORS, GapRungConfig, both_places, differing
from xsim_core.gap.config import FACTOR_NAMES, MEANINGS
from xsim_core.gap.factors import Place, place_with
from xsim_core.geometry import TexturedMesh
from xsim_core.world import Ground, OpenWorld, WorldSpec, WorldSpread

FIELDS = {
    "room": {"background", "domain.dressing"},
    "object": {"assets.visual_glb"},
    "lights": {"domain.lights", "domain.light"},
    "exposure": {"domain.sensor.gain_range", "domain.sensor.white_balance"},
    "noise": {"domain.sensor.noise_std", "domain.sensor.depth_noise_m", "domain.sensor.blur_px"},
    "camera": {"domain.camera", "domain.camera_offset", "assets.T_world_cam"},
    "table": {"assets.scene_objs", "assets.table_height_m", "assets.T_world_object_start"},
    "friction": {"domain.physics.friction"},
    "mass": {"domain.physics.density_kg_m3"},
    "latency": {"domain.physics.action_latency_steps"},
    "gain": {"domain.physics.action_gain"},
    "joints": {"domain.physics.joint_offset_rad"},
}
"""What each factor may touch, told apart from the code that does it."""


def leaves(value, path):
    """Fields of a place by their dotted names."""
    inner = {"domain": ("sensor", "physics")}.get(path, ())
    for name, field in value:
        if name in inner:
            yield from leaves(field, f"{path}.{name}")
        else:
            yield f"{path}.{name}", field


def fields_of(place):
    found = {"background": place.background, **dict(leaves(place.assets, "assets"))}
    for k, domain in enumerate(place.domains):
        found |= {f"{k} {name}": value for name, value in leaves(domain, "domain")}
    return found


def changed(before, after):
    one, other = fields_of(before), fields_of(after)
    assert one.keys() == other.keys()
    return {name.partition(" ")[2] or name for name in one if one[name] != other[name]}


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    return open_sim(tmp_path_factory.mktemp("sim"))


def world_of(**fields):
    vertices, faces, uv, texture = block_mesh()
    return OpenWorld(
        WorldSpec(name="elsewhere", **fields), TexturedMesh(vertices, faces, uv, texture)
    )


@pytest.fixture(scope="module")
def ends(sim, tmp_path_factory):
    """Simulation and six drawn worlds, of another paint and camera."""
    world = world_of(object_tint=(0.9, 1, 0.8), T_world_cam=tuple(map(tuple, np.eye(4).tolist())))
    config = GapRungConfig(num_trials=12, num_worlds=6)
    return both_places(sim, world, config, tmp_path_factory.mktemp("world"))


def test_every_factor_has_its_change_and_its_words():
    assert FACTOR_NAMES == tuple(FACTORS) == tuple(MEANINGS) == tuple(FIELDS)


def test_with_all_factors_a_place_is_the_world_and_with_none_the_simulation(ends):
    here, there = ends
    assert place_with((), here, there) == here
    assert place_with(FACTOR_NAMES, here, there) == there
    assert place_with(reversed(FACTOR_NAMES), here, there) == there
    assert differing(there, there) == ()


def test_no_field_is_anybodys_but_one_factors(ends):
    here, there = ends
    owned = [name for names in FIELDS.values() for name in names]
    assert len(owned) == len(set(owned))
    assert changed(here, there) <= set(owned)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sets(st.sampled_from(FACTOR_NAMES)), st.sampled_from(FACTOR_NAMES))
def test_a_factor_changes_what_is_its_own_wherever_it_is_put_in(ends, seed, factors, name):
    here, there = ends
    spread, ground = WorldSpread(seed=seed), Ground.of(here.assets, there.background.room)
    drawn = tuple(spread.draw(k, ground).model_copy(update={"name": "rung"}) for k in range(6))
    there = Place(there.assets, there.background, drawn)
    before = place_with(factors - {name}, here, there)
    after = place_with(factors | {name}, here, there)
    assert changed(before, after) == changed(here, there) & FIELDS[name]


def test_what_does_not_differ_is_no_rung(sim, tmp_path):
    physics, sensor = sim.task.physics, GapRungConfig().domain.sensor
    world = world_of(
        friction=physics.friction,
        density_kg_m3=physics.density_kg_m3,
        action_latency_steps=physics.action_latency_steps,
        action_gain=physics.action_gain,
        noise_std=sensor.noise_std,
        depth_noise_m=sensor.depth_noise_m,
    )
    # The fixture has the world's object and table; what strays in simulation differs.
    places = both_places(sim, world, GapRungConfig(), tmp_path)
    assert differing(*places) == ("room", "lights", "exposure", "camera")


def test_one_world_is_one_domain_and_drawn_worlds_are_those_of_evaluate(sim, tmp_path):
    world, config = world_of(), GapRungConfig(num_trials=4, num_worlds=2)
    _, there = both_places(sim, world, config, Path(tmp_path))
    ground = Ground.of(sim.assets, world.spec.room)
    drawn = [config.worlds.draw(k, ground).model_dump(exclude={"name"}) for k in range(2)]
    assert [d.model_dump(exclude={"name"}) for d in there.domains] == drawn
    here, there = both_places(sim, world, GapRungConfig(), Path(tmp_path))
    assert len(here.domains) == len(there.domains) == 1
