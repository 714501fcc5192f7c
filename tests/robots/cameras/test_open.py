"""What a camera is called on the command line, and where it stands."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry import look_at
from xsim_core.robots.cameras.open import open_camera, read_place
from xsim_core.robots.cameras.realsense import RealSenseCamera


@pytest.mark.parametrize("name", ["realsense", "realsense:0042"])
def test_a_realsense_is_named(name):
    assert isinstance(open_camera(name), RealSenseCamera)


@pytest.mark.parametrize("name", ["", "zed", "realsense:", "realsense:a b", "realsense://1"])
def test_other_names_are_refused_with_those_that_there_are(name):
    with pytest.raises(BadInputError, match="names no camera: realsense or realsense:SERIAL"):
        open_camera(name)


def test_where_it_stands_is_read_as_a_captures_is(tmp_path):
    T = look_at(np.array([1.0, 0.3, 0.6]), np.array([0.45, 0, 0]))
    np.savetxt(tmp_path / "pose.txt", T)
    np.testing.assert_allclose(read_place(tmp_path / "pose.txt", []), T, atol=1e-9)
    with pytest.raises(BadInputError, match="does not exist"):
        read_place(tmp_path / "other.txt", [])
