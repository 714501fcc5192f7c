"""A real RealSense sequence: a cube on a desk under a moving camera (GPL-2.0, visp-images)."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from xsim_core.capture.readers import read_mesh
from xsim_core.geometry import PinholeCamera
from xsim_core.tracking import LOST, ObjectTracker, add_m, adds_m, auc

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
DESK = ROOT / "desk_rgbd"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DESK.exists(), reason=f"no recording at {DESK} (set XSIM_REAL_DATA)"),
]


def desk_frame(i):
    """RGB (h, w, 3) and depth (h, w) in metres."""
    rgb = cv2.cvtColor(cv2.imread(str(DESK / f"rgb/{i:06d}.png")), cv2.COLOR_BGR2RGB)
    depth_mm = cv2.imread(str(DESK / f"depth/{i:06d}.png"), cv2.IMREAD_UNCHANGED)
    return rgb, depth_mm.astype(np.float32) * 1e-3


def desk_truth():
    """Poses (t, 4, 4) of the cube in the camera frame."""
    return np.array(json.loads((DESK / "ground_truth.json").read_text())["T_cam_object"])


def test_follows_a_real_cube():
    truth = desk_truth()[:25]
    mesh = read_mesh(DESK / "mesh" / "cube.obj")
    assert not mesh.is_textured  # its materials tell no colour of their own
    tracker = ObjectTracker(mesh, PinholeCamera(640, 480, np.loadtxt(DESK / "cam_K.txt")))
    tracker.set_pose(truth[0])
    poses = [tracker.track(*desk_frame(i)) for i in range(25)]
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    T = np.array([p.T_cam_object for p in poses])
    assert all(p.status != LOST for p in poses)
    assert np.median(add_m(T, truth, points)) < 0.015
    assert auc(adds_m(T, truth, points)) > 90


def test_finds_a_real_cube_in_a_box():
    truth = desk_truth()[0]
    mesh = read_mesh(DESK / "mesh" / "cube.obj")
    camera = PinholeCamera(640, 480, np.loadtxt(DESK / "cam_K.txt"))
    pixels = camera.project(mesh.vertices @ truth[:3, :3].T + truth[:3, 3])
    box = (*(pixels.min(0) - 6), *(pixels.max(0) + 6))
    found = ObjectTracker(mesh, camera).initialise(*desk_frame(0), box)
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    # A cube without colours has 24 equal poses: only the symmetric error is defined.
    assert adds_m(found.T_cam_object[None], truth[None], points)[0] < 0.01
