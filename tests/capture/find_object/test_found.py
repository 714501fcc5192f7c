"""Which sizes can be the mesh's, and the box around what stands out of the table."""

import numpy as np
import pytest

from tests.capture.find_object.films import mesh_of
from xsim_core.capture.find_object.found import Sizes, box_words, widened
from xsim_core.geometry import TexturedMesh


def test_of_a_box_its_smallest_side_or_all_of_it_can_be_seen():
    sizes = Sizes.of(mesh_of((0.18, 0.09, 0.05)))
    assert sizes.fit(np.hypot(0.09, 0.05))
    assert sizes.fit(np.linalg.norm([0.18, 0.09, 0.05]))
    assert not sizes.fit(0.05)
    assert not sizes.fit(0.30)
    assert Sizes.of(None).fit(0.3)


def test_a_mesh_of_two_corners_has_a_size():
    flat = TexturedMesh(
        np.array([[0, 0, 0], [0.1, 0, 0]], np.float32),
        np.array([[0, 1, 1]], np.int32),
        np.zeros((2, 2), np.float32),
        np.zeros((2, 2, 3), np.uint8),
    )
    assert Sizes.of(flat).mesh_m == pytest.approx(0.1)
    assert not Sizes.of(None).fit(0.01)


def test_the_box_is_widened_by_millimetres_and_stays_in_the_image():
    assert widened((10, 0, 98, 50), 0.6, 600, (100, 80)) == pytest.approx((7, 0, 100, 53))
    assert box_words((1.2, 2.0, 30.7, 4)) == "[1, 2, 31, 4]"
