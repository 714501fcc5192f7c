"""xsim_core/render/lights.py: where lights shine, and how bright they make a table."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from xsim_core.render.lights import LightSpec, shining_along, table_irradiance


@pytest.mark.parametrize("direction", [(0.3, 0.5, -1.0), (0, 0, -1.0), (0, 0, 1.0), (1.0, 0, 0)])
def test_a_light_shines_along_its_direction(direction):
    T = shining_along(direction, np.array([0.5, 0.1, 0.2]))
    np.testing.assert_allclose(T[:3, 0], np.array(direction) / np.linalg.norm(direction))
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(T[:3, :3]) == pytest.approx(1)
    np.testing.assert_array_equal(T[:3, 3], [0.5, 0.1, 0.2])


def one_light(direction, colour=(1.0, 0.5, 0.2), ambient=(0.1, 0.1, 0.1)):
    return LightSpec(ambient_rgb=ambient, directions=(direction,), colours_rgb=(colour,))


def test_light_from_above_falls_off_with_the_cosine():
    straight = table_irradiance(one_light((0, 0, -2.0)))
    np.testing.assert_allclose(straight, 0.1 + np.array([1.0, 0.5, 0.2]) / math.pi)
    slanted = table_irradiance(one_light((1.0, 0, -1.0)))
    np.testing.assert_allclose(slanted - 0.1, (straight - 0.1) / math.sqrt(2))


def test_light_from_below_does_not_reach_the_table():
    np.testing.assert_allclose(table_irradiance(one_light((0.2, 0, 1.0))), 0.1)


def test_every_direction_has_a_colour():
    with pytest.raises(ValidationError, match="1 directions of lights have 2 colours"):
        LightSpec(directions=((0, 0, -1.0),))


def test_lights_that_would_not_be_rendered_are_refused():
    down, white = (0, 0, -1.0), (1.0, 1.0, 1.0)
    LightSpec(directions=(down,) * 3, colours_rgb=(white,) * 3)
    with pytest.raises(ValidationError, match="4 directional lights: 3 are rendered"):
        LightSpec(directions=(down,) * 4, colours_rgb=(white,) * 4)
