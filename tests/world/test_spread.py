"""xsim_core/world/spread.py: the seed decides a world, and ranges hold what is drawn."""

import numpy as np
import pytest
from pydantic import ValidationError

from xsim_core.geometry import rotation_angle
from xsim_core.render.lights import MAX_LIGHTS
from xsim_core.world import Ground, WorldSpread

SPREAD = WorldSpread()
GROUND = Ground(
    path=np.array([[0.45, -0.05], [0.47, 0.02], [0.5, 0.1]]),
    camera=np.array([1.2, 0.1]),
    taken=np.array([[0.0, 0.0, 0.28], [0.1, 0.55, 0.14]]),
    low=np.array([-0.65, -0.9]),
    high=np.array([1.3, 0.9]),
)
DRAWN = [SPREAD.draw(k, GROUND) for k in range(200)]


def within(values, bounds):
    low, high = bounds
    assert low <= min(values)
    assert max(values) <= high
    # And the range is used.
    assert max(values) - min(values) > 0.8 * (high - low)


def test_a_world_is_its_seed_and_number():
    assert SPREAD.draw(3, GROUND) == DRAWN[3]
    assert SPREAD.draw(3, GROUND) != SPREAD.draw(4, GROUND)
    assert WorldSpread(seed=1).draw(3, GROUND) != DRAWN[3]


def test_what_is_drawn_lies_within_its_ranges():
    physics = [d.physics for d in DRAWN]
    within([p.friction for p in physics], SPREAD.friction)
    within([p.density_kg_m3 for p in physics], SPREAD.density_kg_m3)
    within([p.action_latency_steps for p in physics], SPREAD.action_latency_steps)
    within([p.action_gain for p in physics], SPREAD.action_gain)
    within([d.sensor.noise_std for d in DRAWN], SPREAD.noise_std)
    within([len(set(d.lights.directions)) for d in DRAWN], SPREAD.num_lights)
    within([d.sensor.blur_px for d in DRAWN], SPREAD.blur_px)
    offsets = np.array([p.joint_offset_rad for p in physics])
    within(offsets.ravel(), (-SPREAD.joint_rad, SPREAD.joint_rad))
    tints = np.array([d.dressing.table_tint for d in DRAWN])
    within(tints.ravel(), (1 - SPREAD.table_tint, 1 + SPREAD.table_tint))
    within([len(d.dressing.things) for d in DRAWN], SPREAD.num_things)
    within([v for d in DRAWN for t in d.dressing.things for v in t.size_m], SPREAD.thing_m)
    slants = [np.arccos(-np.array(v)[2]) for d in DRAWN for v in d.lights.directions]
    within(slants, (SPREAD.slant_rad[0] - 1e-9, SPREAD.slant_rad[1] + 1e-9))


def test_lights_come_from_all_sides():
    azimuths = [np.arctan2(*d.lights.directions[0][1::-1]) for d in DRAWN]
    counts, _ = np.histogram(azimuths, bins=8, range=(-np.pi, np.pi))
    assert counts.min() > 10


def test_a_part_of_the_main_light_casts_the_shadow():
    shares = []
    for lights in (d.lights for d in DRAWN):
        if len(set(lights.directions)) == MAX_LIGHTS:
            continue
        assert lights.directions[0] == lights.directions[1]
        cast, other = (np.array(c) for c in lights.colours_rgb[:2])
        assert (
            0.9 * (1 - SPREAD.light_tint) <= (cast + other).max() <= 1.7 * (1 + SPREAD.light_tint)
        )
        shares.append(float((cast / (cast + other))[0]))
    within(shares, SPREAD.shadow)


def test_nothing_stands_in_the_way_on_another_thing_or_before_the_path():
    near, _ = SPREAD.thing_distance_m
    for things in (d.dressing.things for d in DRAWN):
        placed = [(np.array(t.position_m), float(np.hypot(*t.size_m[:2])) / 2) for t in things]
        for i, (at, radius) in enumerate(placed):
            away = np.hypot(*(GROUND.path - at).T)
            assert away.min() - radius >= near
            nearest = GROUND.path[np.argmin(away)]
            assert (at - nearest) @ (GROUND.camera - nearest) <= 0
            others = [*placed[:i], *((row[:2], row[2]) for row in GROUND.taken)]
            assert all(np.hypot(*(at - to)) >= radius + r for to, r in others)
            assert (at >= GROUND.low).all()
            assert (at <= GROUND.high).all()


def test_where_no_place_is_free_nothing_stands():
    full = GROUND.with_taken((0.45, 0.0), 3.0)
    assert all(SPREAD.draw(k, full).dressing.things == () for k in range(5))


def test_camera_and_exposure_are_off_for_all_of_a_worlds_episodes():
    within([d.sensor.gain_range[0] for d in DRAWN], SPREAD.exposure)
    for domain in DRAWN[:10]:
        a, b = domain.draw(0, np.eye(4)), domain.draw(1, np.eye(4))
        np.testing.assert_array_equal(a.T_world_cam, b.T_world_cam)
        np.testing.assert_array_equal(a.gain, b.gain)
        assert a.lights == b.lights
    poses = [d.draw(0, np.eye(4)).T_world_cam for d in DRAWN]
    within([np.linalg.norm(T[:3, 3]) for T in poses], SPREAD.camera_m)
    within([rotation_angle(T[:3, :3], np.eye(3)) for T in poses], SPREAD.camera_rad)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("num_lights", (0, 2), "without lights"),
        ("num_lights", (1, 4), "at most 3"),
        ("shadow", (0.5, 1.2), "a share"),
        ("thing_m", (0.0, 0.1), "at least 0.005"),
        ("friction", (0.5, 0.2), "friction: from 0.5 to 0.2"),
        ("friction", (0.0, 0.2), "above 0"),
        ("density_kg_m3", (5.0, 20.0), "at least 10"),
        ("slant_rad", (0.2, 1.6), "from above"),
        ("action_latency_steps", (0, 6), "at most 5"),
        ("camera_m", (-0.1, 0.2), "camera_m: from -0.1"),
    ],
)
def test_a_spread_from_which_no_world_can_be_drawn_is_refused(field, value, said):
    with pytest.raises(ValidationError, match=said):
        WorldSpread(**{field: value})
