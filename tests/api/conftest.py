"""A run called ``demo`` in a store on the disk, as a notebook beside it would find it."""

import shutil

import numpy as np
import pytest

from tests.evaluate.fixtures import make_dataset, make_rollouts, make_student, make_teacher
from tests.sim.fixtures import commit, make_scene, make_track
from tests.world.test_rollouts import recording
from xsim_core.artifacts import Evaluation
from xsim_core.evaluate.rates import Trials, comparison, rate_figures
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import ArtifactStore


def make_evaluation(store):
    progress = np.linspace(0, 1, 4, dtype=np.float32)
    before = Trials("student", "real", np.array([True, False, False, True]), progress, [])
    after = Trials("calibrated", "real", np.array([True, True, False, True]), progress, [])
    rows = (before, after)
    rates = tuple(row.rate() for row in rows)
    arrays = {f"success/{row.name}": row.success for row in rows}
    arrays |= {f"progress/{row.name}": row.progress for row in rows}
    arrays["error/add_m"] = np.full(5, 0.002)
    summary = Evaluation(
        task="push_block", rates=rates, figures=rate_figures(rates) | comparison(before, after)
    )
    return commit(store, summary, arrays, name="evaluation")


@pytest.fixture(scope="session")
def _demo(tmp_path_factory):
    """Made once; each test has a copy."""
    folder = tmp_path_factory.mktemp("demo")
    store = ArtifactStore((folder / "store").as_uri())
    stages = {
        "splat": make_scene(store),
        "pose_track": make_track(store),
        "ppo": make_teacher(store),
        "render_dataset": make_dataset(store),
        "diffusion": make_student(store),
        "deploy": make_rollouts(store, recording()),
        "calibrate": make_student(store, seed=1),
        "evaluate": make_evaluation(store),
    }
    save_record(store, RunRecord(name="demo", state="completed", stages=stages))
    return folder


@pytest.fixture
def home(_demo, tmp_path, monkeypatch):
    """The working directory of somebody who ran ``make demo`` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XSIM_STORE", raising=False)
    monkeypatch.delenv("XSIM_HOME", raising=False)
    shutil.copytree(_demo, tmp_path / ".xsim")
    return tmp_path
