import subprocess
import sys

import numpy as np
import pytest

from xsim_core.geometry import BoardSpec

SPEC = BoardSpec(
    squares_x=4, squares_y=3, square_m=0.05, T_world_board=tuple(map(tuple, np.eye(4).tolist()))
)


def test_corners_lie_a_square_apart_inside_the_print_the_first_at_the_top_left():
    corners = SPEC.corners_board
    assert corners.shape == (6, 3)
    assert np.allclose(corners[0], [0.05, 0.10, 0.0])
    assert np.allclose(corners[-1], [0.15, 0.05, 0.0])
    assert SPEC.size_m == pytest.approx((0.2, 0.15))


def test_who_looks_at_artifacts_and_stages_imports_neither_numpy_nor_a_configuration():
    code = (
        "import sys; import xsim_core.refs; import xsim_core.stages\n"
        "print(sorted({'numpy', 'psutil', 'xsim_core.scan.config'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
