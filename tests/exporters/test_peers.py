"""Our datasets in the peers' own loaders, and trained on where the peer trains.

Slow, and only where the variables name interpreters of environments that have the peers
(CONTRIBUTING.md says how to make them).
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from xsim_core.exporters import export_artifact

FRONT = "observation.images.front"
HERE = Path(__file__).with_name("peers")


def asked(variable, script, given, tmp_path):
    """What a peer's script in its own environment wrote."""
    python = os.environ.get(variable, "")
    if not python:
        pytest.skip(f"{variable} names no interpreter")
    out = tmp_path / "read.npz"
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    left = subprocess.run(
        [python, "-P", str(HERE / script), str(given), str(out)],
        capture_output=True,
        env=kept | {"HF_HUB_OFFLINE": "1"},
        cwd=tmp_path,
        timeout=900,
        check=False,
    )
    assert left.returncode == 0, left.stderr[-3000:]
    with np.load(out) as read:
        return dict(read)


@pytest.fixture
def written(store, refs, tmp_path):
    def write(to):
        export_artifact(store, refs["dataset"], to, tmp_path / to)
        return tmp_path / to

    return write


@pytest.fixture(scope="module")
def dataset(store, refs):
    return store.open(refs["dataset"])


@pytest.mark.slow
def test_lerobot_reads_every_row_and_trains(written, dataset, tmp_path):
    read = asked("XSIM_LEROBOT_PYTHON", "lerobot_trains.py", written("lerobot"), tmp_path)
    np.testing.assert_array_equal(read["rgb"], dataset.array(FRONT))
    np.testing.assert_array_equal(read["state"], dataset.array("observation.state"))
    np.testing.assert_array_equal(read["action"], dataset.array("action"))
    assert read["episode"].tolist() == [i // 10 for i in range(30)]
    assert set(read["words"]) == {"push block"}
    assert len(read["losses"]) == 3
    # Noise of a standard normal is what it is to say: nothing was scaled wrongly.
    assert (read["losses"] > 0.3).all()
    assert (read["losses"] < 4).all()


@pytest.mark.slow
def test_robomimic_reads_both_parts_and_trains(written, dataset, tmp_path):
    folder = written("robomimic")
    read = asked("XSIM_ROBOMIMIC_PYTHON", "robomimic_trains.py", folder / "demos.hdf5", tmp_path)
    demos = {"train": [1, 2], "valid": [0]}
    for name, numbers in demos.items():
        assert read[f"{name}_demos"].tolist() == [f"demo_{i}" for i in numbers]
        rows = np.concatenate([np.arange(10) + 10 * i for i in numbers])
        # A sequence of 3 from each row on; the last row is repeated at the end.
        ends = (rows // 10 + 1) * 10 - 1
        windows = np.minimum(rows[:, None] + np.arange(3), ends[:, None])
        np.testing.assert_array_equal(read[f"{name}_action"], dataset.array("action")[windows])
        np.testing.assert_array_equal(
            read[f"{name}_state"][:, 0], dataset.array("observation.state")[rows]
        )
        rgb = read[f"{name}_rgb"][:, 0]
        rgb = rgb if rgb.shape[-1] == 3 else rgb.transpose(0, 2, 3, 1)
        scaled = rgb if rgb.dtype == np.uint8 else np.rint(255 * rgb).astype(np.uint8)
        np.testing.assert_array_equal(scaled, dataset.array(FRONT)[rows])
    assert str(read["words"]) == "push block"
    assert read["checkpoints"] >= 1


@pytest.mark.slow
def test_diffusion_policys_code_reads_it_as_its_pusht(written, dataset, tmp_path):
    given = written("diffusion_policy") / "replay_buffer.zarr"
    variable = "XSIM_DIFFUSION_POLICY_PYTHON"
    read = asked(variable, "diffusion_policy_reads.py", given, tmp_path)
    state, action = dataset.array("observation.state"), dataset.array("action")
    np.testing.assert_array_equal(read["rgb"], dataset.array(FRONT))
    np.testing.assert_array_equal(read["state"], state)
    assert read["episodes"] == 3
    # Windows of 4 of each episode of 10, one row before it and two behind it filled up.
    windows = [
        np.clip(first + np.arange(4), 10 * e, 10 * e + 9)
        for e in range(3)
        for first in range(10 * e - 1, 10 * e + 9)
    ]
    np.testing.assert_array_equal(read["action"], action[windows])
    np.testing.assert_array_equal(read["position"], state[windows][..., :2])
    images = np.moveaxis(dataset.array(FRONT)[windows], -1, 2) / np.float64(255)
    np.testing.assert_allclose(read["image"], images, atol=1e-7)
    assert np.abs(read["normal"]).max() <= 1 + 1e-6
