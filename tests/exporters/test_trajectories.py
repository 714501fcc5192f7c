"""A track in X-Sim's layout and in TUM's: world frame, metres, each with its quaternion's order."""

import numpy as np
from scipy.spatial.transform import Rotation

from xsim_core.exporters import export_artifact


def test_npy_is_what_x_sims_loader_indexes(store, refs, tmp_path):
    export_artifact(store, refs["track"], "npy", tmp_path / "out")
    poses = np.load(tmp_path / "out/block.npy", allow_pickle=False)
    T = store.open(refs["track"]).array("T_world_object")
    assert poses.shape == (1, len(T), 7)
    assert poses.dtype == np.float64
    np.testing.assert_array_equal(poses[0, :, :3], T[:, :3, 3])
    R = Rotation.from_quat(poses[0, :, 3:], scalar_first=True).as_matrix()
    np.testing.assert_allclose(R, T[:, :3, :3], atol=1e-12)


def test_tum_has_the_quaternions_w_last(store, refs, tmp_path):
    export_artifact(store, refs["track"], "tum", tmp_path / "out")
    rows = np.loadtxt(tmp_path / "out/trajectory.txt")
    track = store.open(refs["track"])
    T = track.array("T_world_object")
    np.testing.assert_allclose(rows[:, 0], track.array("timestamps_s"), atol=1e-9)
    np.testing.assert_allclose(rows[:, 1:4], T[:, :3, 3], atol=1e-9)
    np.testing.assert_allclose(Rotation.from_quat(rows[:, 4:]).as_matrix(), T[:, :3, :3], atol=1e-8)
