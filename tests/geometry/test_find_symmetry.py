"""xsim_core/geometry/find_symmetry.py: everyday shapes, bare and painted."""

from dataclasses import replace

import numpy as np
import pytest

from tests.tracking.objects import bare, of_one_colour, painted, shape
from xsim_core.geometry import make_se3, so3_exp, transform_points
from xsim_core.geometry.find_symmetry import find_symmetry
from xsim_core.geometry.symmetry import turns_of
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

COUNTS = {
    "block": (0, 3),
    "cracker box": (0, 3),
    "cube": (0, 23),
    "can": (1, 1),
    "plate": (1, 1),
    "ball": (2, 0),
    "mug": (0, 0),
    "L": (0, 0),
}
"""Axes of revolution, and turns beside the identity and those."""


@pytest.mark.parametrize("name", COUNTS)
def test_shapes_have_the_symmetries_of_their_kind(name):
    found = find_symmetry(of_one_colour(shape(name)))
    assert (len(found.continuous), len(found.discrete)) == COUNTS[name]
    assert found.source == "found"


@pytest.mark.parametrize("name", ["block", "can", "ball"])
def test_paint_breaks_them(name):
    assert find_symmetry(painted(shape(name), seed=1)) == ObjectSymmetry(source="found")


def test_a_painted_lid_leaves_the_turns_about_the_axis():
    can = of_one_colour(shape("can"))
    texture, uv = can.texture.copy(), can.uv
    on_lid = can.vertices[can.faces][:, :, 2].min(1) > 0.099
    size = texture.shape[0]
    for corners in uv[can.faces[on_lid]]:
        low, high = corners.min(0) * size, corners.max(0) * size
        rows = slice(int(size - high[1]) - 2, int(size - low[1]) + 3)
        texture[rows, int(low[0]) - 2 : int(high[0]) + 3] = (20, 20, 200)
    found = find_symmetry(replace(can, texture=texture))
    assert (len(found.continuous), len(found.discrete)) == (1, 0)


def test_wherever_the_meshs_frame_is_the_turns_keep_the_surface():
    T = make_se3(so3_exp([0.4, -0.7, 0.2]), [0.3, -0.1, 0.05])
    block = bare(shape("block"))
    moved = replace(block, vertices=transform_points(T, block.vertices).astype(np.float32))
    found = find_symmetry(moved)
    assert len(found.discrete) == 3
    corners = np.unique(moved.vertices.round(5), axis=0)
    for turn in turns_of(found):
        turned = transform_points(turn, corners)
        apart = np.linalg.norm(turned[:, None] - corners, axis=-1).min(1)
        assert apart.max() < 0.001
