"""Metrics beside bop_toolkit's own functions, from the folder of a clone of it.

``XSIM_BOP_TOOLKIT=FOLDER``: ``git clone https://github.com/thodan/bop_toolkit``; it is on no
package registry.
"""

import importlib
import os

import numpy as np
import pytest

from xsim_core.geometry import PinholeCamera, make_se3, se3_exp
from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis
from xsim_core.tracking import add_m, adds_m
from xsim_core.tracking.metrics import mspd_px, mssd_m

FOLDER = os.environ.get("XSIM_BOP_TOOLKIT")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER, reason="needs XSIM_BOP_TOOLKIT=folder of a clone"),
]
CAMERA = PinholeCamera(640, 480, np.array([[615.0, 0, 319.5], [0, 610.0, 239.5], [0, 0, 1]]))
HALF = make_se3(np.diag([-1.0, -1, 1]), np.zeros(3))
SYMMETRIES = {
    "none": ObjectSymmetry(),
    "half a turn": ObjectSymmetry(discrete=(tuple(map(tuple, HALF.tolist())),)),
    "about an axis": ObjectSymmetry(
        continuous=(SymmetryAxis(axis=(0, 0, 1), offset=(0.01, 0.02, 0)),)
    ),
}


@pytest.fixture
def toolkit(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("bop_toolkit_lib.pose_error")


def parts(T):
    return T[:3, :3], T[:3, 3:]


@pytest.mark.parametrize("name", SYMMETRIES)
def test_errors_are_those_of_bop_toolkit(toolkit, name):
    symmetry, misc = SYMMETRIES[name], importlib.import_module("bop_toolkit_lib.misc")
    told = {
        "symmetries_discrete": [np.array(turn).reshape(-1) for turn in symmetry.discrete],
        "symmetries_continuous": [
            {"axis": np.array(a.axis), "offset": np.array(a.offset)} for a in symmetry.continuous
        ],
    }
    # As many turns about an axis as ours.
    turns = misc.get_symmetry_transformations(told, np.pi / 180)
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.06, 0.06, (300, 3))
    for _ in range(20):
        true = make_se3(np.eye(3), [0, 0, 0.7]) @ se3_exp(rng.uniform(-0.15, 0.15, 6))
        true[:3, :3] = se3_exp(rng.uniform(-2, 2, 6))[:3, :3]
        found = true @ se3_exp(rng.uniform(-1, 1, 6) * rng.choice([0.01, 0.1, 0.3]))
        both, ours = (*parts(found), *parts(true)), (found[None], true[None], points)
        assert add_m(*ours)[0] == pytest.approx(toolkit.add(*both, points), abs=1e-12)
        assert adds_m(*ours)[0] == pytest.approx(toolkit.adi(*both, points), abs=1e-12)
        expected_m = toolkit.mssd(*both, points, turns)
        assert mssd_m(*ours, symmetry)[0] == pytest.approx(expected_m, abs=1e-9)
        expected_px = toolkit.mspd(*both, CAMERA.K, points, turns)
        assert mspd_px(*ours, CAMERA, symmetry)[0] == pytest.approx(expected_px, abs=1e-6)
