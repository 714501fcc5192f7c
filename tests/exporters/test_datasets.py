"""Datasets come back to the bit through each format's own library; statistics are right."""

import io
import json

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from PIL import Image

from tests.evaluate.fixtures import make_dataset
from tests.sim.fixtures import commit
from xsim_core.errors import BadInputError
from xsim_core.exporters import export_artifact
from xsim_core.exporters.datasets import lerobot
from xsim_core.exporters.datasets.lerobot_statistics import Statistics
from xsim_core.storage import ArtifactStore

FRONT = "observation.images.front"


@pytest.fixture(scope="module")
def written(store, refs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("datasets")
    for to in ("lerobot", "robomimic", "diffusion_policy"):
        export_artifact(store, refs["dataset"], to, folder / to)
    return folder


@pytest.fixture(scope="module")
def dataset(store, refs):
    return store.open(refs["dataset"])


def test_lerobots_rows_are_the_datasets(written, dataset):
    rows = pq.read_table(written / "lerobot/data/chunk-000/file-000.parquet")
    images = [np.array(Image.open(io.BytesIO(r["bytes"]))) for r in rows[FRONT].to_pylist()]
    np.testing.assert_array_equal(images, dataset.array(FRONT))
    for name in ("observation.state", "action"):
        values = np.array(rows[name].to_pylist(), np.float32)
        np.testing.assert_array_equal(values, dataset.array(name))
    assert rows["index"].to_pylist() == list(range(30))
    assert rows["episode_index"].to_pylist() == [i // 10 for i in range(30)]
    times = rows["timestamp"].to_numpy()
    np.testing.assert_array_equal(times, np.tile(np.arange(10, dtype=np.float32) / 10, 3))


def test_lerobots_words(written, dataset):
    info = json.loads((written / "lerobot/meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"]) == ("v3.0", 10)
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 30, 1)
    assert info["features"][FRONT]["names"] == ["height", "width", "channels"]
    assert info["features"]["observation.state"]["names"][0] == "tcp_x"
    episodes = pq.read_table(written / "lerobot/meta/episodes/chunk-000/file-000.parquet")
    assert episodes["dataset_to_index"].to_pylist() == [10, 20, 30]
    assert episodes["tasks"].to_pylist() == [["push block"]] * 3
    tasks = pq.read_table(written / "lerobot/meta/tasks.parquet")
    assert tasks.to_pydict() == {"task_index": [0], "__index_level_0__": ["push block"]}


def test_statistics_are_those_of_every_pixel(written, dataset):
    stats = json.loads((written / "lerobot/meta/stats.json").read_text())
    pixels = dataset.array(FRONT).reshape(-1, 3) / 255
    for what, wanted in (("mean", pixels.mean(0)), ("std", pixels.std(0)), ("max", pixels.max(0))):
        np.testing.assert_allclose(np.array(stats[FRONT][what]).shape, (3, 1, 1))
        np.testing.assert_allclose(np.ravel(stats[FRONT][what]), wanted, rtol=1e-12)
    action = dataset.array("action").astype(np.float64)
    np.testing.assert_allclose(stats["action"]["std"], action.std(0), rtol=1e-12)
    np.testing.assert_allclose(stats["action"]["q99"], np.quantile(action, 0.99, axis=0))
    assert stats["action"]["count"] == stats[FRONT]["count"] == [30]


def test_quantiles_of_pixels_are_values_that_are_there():
    stats = Statistics()
    levels = np.arange(100, dtype=np.uint8)
    stats.add_images("i", np.repeat(levels, 3).reshape(1, 10, 10, 3))
    found = {k: v.ravel() * 255 for k, v in stats.all()["i"].items()}
    for name, wanted in (("q01", 0), ("q10", 9), ("q50", 49), ("q90", 89), ("q99", 98)):
        np.testing.assert_allclose(found[name], wanted, atol=1e-9)
    np.testing.assert_allclose(found["std"], levels.std(), rtol=1e-12)


def test_files_are_cut_between_episodes(store, refs, tmp_path, monkeypatch):
    monkeypatch.setattr(lerobot, "FILE_MB", 0)
    monkeypatch.setattr(lerobot, "CHUNK_FILES", 2)
    export_artifact(store, refs["dataset"], "lerobot", tmp_path / "out")
    files = sorted(
        str(p.relative_to(tmp_path / "out/data"))
        for p in tmp_path.rglob("*.parquet")
        if "data" in p.parts
    )
    assert files == [f"chunk-{c:03d}/file-{f:03d}.parquet" for c, f in ((0, 0), (0, 1), (1, 0))]
    episodes = pq.read_table(tmp_path / "out/meta/episodes/chunk-000/file-000.parquet")
    assert episodes["data/chunk_index"].to_pylist() == [0, 0, 1]
    assert episodes["data/file_index"].to_pylist() == [0, 1, 0]


def test_a_frame_rate_that_lerobot_cannot_say_is_refused(tmp_path):
    store = ArtifactStore("memory://")
    made = store.open(make_dataset(store))
    summary = made.summary.model_copy(update={"fps": 7.5})
    ref = commit(store, summary, {n: made.array(n) for n in made.array_names}, name="slow")
    with pytest.raises(BadInputError, match=r"7\.5 frames a second; LeRobot takes whole numbers"):
        export_artifact(store, ref, "lerobot", tmp_path / "out")


def test_robomimics_demos(written, dataset):
    ends = dataset.array("episode_ends")
    with h5py.File(written / "robomimic/demos.hdf5") as file:
        assert file["data"].attrs["total"] == 30
        assert json.loads(file["data"].attrs["env_args"])["env_kwargs"]["lang"] == "push block"
        names = [f"demo_{i}" for i in range(3)]
        assert sorted(file["data"]) == names
        split = [n.decode() for key in ("train", "valid") for n in file[f"mask/{key}"][:]]
        assert sorted(split) == names
        for i, name in enumerate(names):
            demo, rows = file["data"][name], slice(ends[i] - 10, ends[i])
            assert demo.attrs["num_samples"] == 10
            np.testing.assert_array_equal(demo["actions"], dataset.array("action")[rows])
            np.testing.assert_array_equal(demo["states"], dataset.array("env_states")[rows])
            images = demo["obs/front_image"][:]
            np.testing.assert_array_equal(images, dataset.array(FRONT)[rows])
            np.testing.assert_array_equal(demo["next_obs/front_image"][:-1], images[1:])
            assert demo["dones"][:].tolist() == [0] * 9 + [1]
            assert demo["rewards"][:].sum() == 1


def test_diffusion_policys_replay_buffer(written, dataset):
    root = zarr.open_group(written / "diffusion_policy/replay_buffer.zarr", mode="r")
    assert root.metadata.zarr_format == 2
    for name, of in (("img", FRONT), ("state", "observation.state"), ("action", "action")):
        np.testing.assert_array_equal(root[f"data/{name}"][:], dataset.array(of))
    assert root["meta/episode_ends"][:].tolist() == [10, 20, 30]
    assert root["meta/episode_ends"].dtype == np.int64
