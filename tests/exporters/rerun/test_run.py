"""A whole run's recording, read by rerun's own reader."""

from collections import defaultdict

import cv2
import numpy as np
import pytest

from tests.evaluate.fixtures import make_rollouts
from tests.film.test_camera_path import SUMMARY
from tests.sim.fixtures import commit
from xsim_core.errors import BadInputError
from xsim_core.exporters.rerun.run import write_recording
from xsim_core.geometry import PinholeCamera
from xsim_core.world import RobotEpisodes

NUM_FRAMES, HW = 3, (24, 32)
CAMERA = PinholeCamera(96, 72, np.array([[90.0, 0, 47.5], [0, 90, 35.5], [0, 0, 1]]))


def columns_of(path):
    """Every entity's columns, but for when they were logged; times in nanoseconds."""
    chunks, columns = pytest.importorskip("rerun.chunk"), defaultdict(list)
    for chunk in chunks.RrdReader(path).stream():
        batch = chunk.to_record_batch()
        for name in set(batch.schema.names) - {"log_time", "RecordingInfo:start_time"}:
            values = batch[name]
            is_time = str(values.type).startswith("duration")
            columns[f"{chunk.entity_path} {name}"] += (
                values.cast("int64") if is_time else values
            ).to_pylist()
    return columns


def make_film(store):
    rng = np.random.default_rng(0)
    arrays = {
        "video/rgb": np.full((NUM_FRAMES, *HW, 3), (200, 40, 90), np.uint8),
        "video/depth_mm": rng.integers(0, 65536, (NUM_FRAMES, *HW)).astype(np.uint16),
        "photos": np.zeros((0, *HW, 3), np.uint8),
        "video/K": CAMERA.K,
        "video/timestamps_s": 7.0 + np.array([0.0, 0.1, 0.25]),
    }
    arrays |= {
        "object/vertices": np.eye(3, dtype=np.float32),
        "object/faces": np.array([[0, 1, 2]], np.int32),
        "object/uv": np.zeros((3, 2), np.float32),
        "object/texture": np.zeros((2, 2, 3), np.uint8),
    }
    summary = SUMMARY.model_copy(update={"num_frames": NUM_FRAMES})
    return commit(store, summary, arrays, name="film")


@pytest.mark.slow
def test_film_track_room_and_episodes_come_back(store, refs, tmp_path):
    pytest.importorskip("rerun.chunk")
    film = make_film(store)
    path = tmp_path / "run.rrd"
    notes = write_recording(store, [refs["scene"], refs["track"], film, refs["dataset"]], path)
    assert any("rerun shows no Gaussians" in note for note in notes)
    columns = columns_of(path)
    depth = store.open(film).array("video/depth_mm")
    blobs = [b for b in columns["/world/camera/depth EncodedDepthImage:blob"] if b]
    for wanted, blob in zip(np.asarray(depth), blobs, strict=True):
        read = cv2.imdecode(np.array(blob, np.uint8).ravel(), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read, wanted)
    picture = np.array(next(b for b in columns["/world/camera EncodedImage:blob"] if b), np.uint8)
    bgr = cv2.imdecode(picture.ravel(), cv2.IMREAD_COLOR)
    assert np.abs(bgr.astype(int) - (90, 40, 200)).max() < 12
    times = np.array(columns["/world/camera/depth video"]) / 1e9
    np.testing.assert_allclose(times, [0, 0.1, 0.25], atol=1e-6)
    dataset = store.open(refs["dataset"])
    actions = np.array(columns["/episodes/action Scalars:scalars"])
    np.testing.assert_allclose(actions, dataset.array("action")[: len(actions)], atol=1e-6)
    assert len(columns["/episodes/front EncodedImage:blob"]) == len(actions)
    vertices = np.array(columns["/world/room Mesh3D:vertex_positions"]).reshape(-1, 3)
    np.testing.assert_allclose(vertices, store.open(refs["scene"]).array("mesh/vertices"), 1e-5)


@pytest.mark.slow
def test_what_was_deployed_is_in_it(store, tmp_path):
    pytest.importorskip("rerun.chunk")
    rng, n = np.random.default_rng(1), 5
    episodes = RobotEpisodes(
        rgb=rng.integers(0, 256, (n, 72, 96, 3)).astype(np.uint8),
        state=rng.normal(size=(n, 6)).astype(np.float32),
        action=rng.uniform(-1, 1, (n, 3)).astype(np.float32),
        qpos=np.zeros((n, 9), np.float32),
        episode_ends=np.array([2, 5]),
        T_world_cam=np.eye(4),
        camera=CAMERA,
        rgbd_camera=CAMERA,
        wide_rgb=rng.integers(0, 256, (n, 72, 96, 3)).astype(np.uint8),
        wide_depth_mm=rng.integers(0, 9999, (n, 72, 96)).astype(np.uint16),
    )
    ref = make_rollouts(store, episodes, name="7")
    path = tmp_path / "run.rrd"
    write_recording(store, [ref], path)
    found = columns_of(path)
    np.testing.assert_allclose(found["/rollouts/action Scalars:scalars"], episodes.action, 1e-6)
    assert [e[0] for e in found["/rollouts/episode Scalars:scalars"]] == [0, 0, 1, 1, 1]
    assert len(found["/world/robot_camera/depth EncodedDepthImage:blob"]) == n


def test_what_a_recording_does_not_show_is_refused(store, refs, tmp_path):
    pytest.importorskip("rerun")
    with pytest.raises(BadInputError, match="nothing that a recording shows"):
        write_recording(store, [refs["student"]], tmp_path / "run.rrd")
    assert list(tmp_path.iterdir()) == []
