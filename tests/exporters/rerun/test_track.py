"""The recording, read by rerun's own reader."""

import numpy as np
import pytest

from xsim_core.exporters import export_artifact


@pytest.mark.slow
def test_poses_scores_and_times_come_back(store, refs, tmp_path):
    chunks = pytest.importorskip("rerun.chunk")
    export_artifact(store, refs["track"], "rerun", tmp_path / "out")
    track, columns = store.open(refs["track"]), {}
    for chunk in chunks.RrdReader(tmp_path / "out/track.rrd").stream():
        batch = chunk.to_record_batch()
        for name in batch.schema.names:
            columns[f"{chunk.entity_path} {name}"] = batch[name]
    T = track.array("T_world_object")
    moved = np.array(columns["/world/object Transform3D:translation"].to_pylist(), np.float32)
    np.testing.assert_array_equal(moved.reshape(-1, 3), T[:, :3, 3].astype(np.float32))
    turned = np.array(columns["/world/object Transform3D:mat3x3"].to_pylist(), np.float32)
    # Matrices lie column by column there.
    turned = turned.reshape(-1, 3, 3).swapaxes(1, 2)
    np.testing.assert_array_equal(turned, T[:, :3, :3].astype(np.float32))
    posed = np.array(columns["/world/camera Transform3D:mat3x3"].to_pylist(), np.float32)
    wanted = track.array("T_world_cam")[:3, :3].astype(np.float32)
    np.testing.assert_array_equal(posed.reshape(3, 3).T, wanted)
    K = np.array(columns["/world/camera Pinhole:image_from_camera"].to_pylist(), np.float32)
    np.testing.assert_array_equal(K.reshape(3, 3).T, [[600, 0, 320], [0, 600, 240], [0, 0, 1]])
    scores = np.array(columns["/score Scalars:scalars"].to_pylist()).ravel()
    np.testing.assert_array_equal(scores, track.array("score"))
    assert columns["/score frame"].to_pylist() == list(range(len(T)))
