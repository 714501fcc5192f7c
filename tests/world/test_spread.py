"""xsim_core/world/spread.py: the seed decides a world, and ranges hold what is drawn."""

import numpy as np
import pytest
from pydantic import ValidationError

from xsim_core.geometry import rotation_angle
from xsim_core.world import WorldSpread

SPREAD = WorldSpread()
DRAWN = [SPREAD.draw(k) for k in range(200)]


def within(values, bounds):
    low, high = bounds
    assert low <= min(values)
    assert max(values) <= high
    # And the range is used.
    assert max(values) - min(values) > 0.8 * (high - low)


def test_a_world_is_its_seed_and_number():
    assert SPREAD.draw(3) == DRAWN[3]
    assert SPREAD.draw(3) != SPREAD.draw(4)
    assert WorldSpread(seed=1).draw(3) != DRAWN[3]


def test_what_is_drawn_lies_within_its_ranges():
    physics = [d.physics for d in DRAWN]
    within([p.friction for p in physics], SPREAD.friction)
    within([p.density_kg_m3 for p in physics], SPREAD.density_kg_m3)
    within([p.action_latency_steps for p in physics], SPREAD.action_latency_steps)
    within([p.action_gain for p in physics], SPREAD.action_gain)
    within([d.sensor.noise_std for d in DRAWN], SPREAD.noise_std)
    within([len(d.lights.directions) for d in DRAWN], SPREAD.num_lights)
    slants = [np.arccos(-np.array(v)[2]) for d in DRAWN for v in d.lights.directions]
    within(slants, (SPREAD.slant_rad[0] - 1e-9, SPREAD.slant_rad[1] + 1e-9))


def test_lights_come_from_all_sides():
    azimuths = [np.arctan2(*d.lights.directions[0][1::-1]) for d in DRAWN]
    counts, _ = np.histogram(azimuths, bins=8, range=(-np.pi, np.pi))
    assert counts.min() > 10


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
