import numpy as np
import pytest

from xsim_core.capture.readers.camera_paths.odometry import read_odometry
from xsim_core.errors import BadInputError


def test_the_apps_first_files_have_seven_columns_a_frame_a_line(tmp_path):
    file = tmp_path / "odometry.csv"
    file.write_text("0.1, 0.2, 0.3, 1.0, 0.0, 0.0, 0.0\n0.4, 0.5, 0.6, 0.0, 0.0, 0.0, 1.0\n")
    T, names = read_odometry(file, [])
    assert names == ["0", "1"]
    np.testing.assert_allclose(T[:, :3, 3], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    np.testing.assert_allclose(T[0, :3, :3], np.diag([1.0, -1, -1]), atol=1e-12)
    np.testing.assert_allclose(T[1, :3, :3], np.eye(3), atol=1e-12)


def test_a_number_that_is_none_is_refused_with_its_line(tmp_path):
    file = tmp_path / "odometry.csv"
    file.write_text("timestamp, frame, x, y, z, qx, qy, qz, qw\n1.0, 000000, a, 0, 0, 0, 0, 0, 1\n")
    with pytest.raises(BadInputError, match=r"pose 0 is '1\.0, 000000, a"):
        read_odometry(file, [])
