"""xsim_core/gap/rung.py: a ladder begins and ends where ``evaluate`` tries students."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.evaluate.fixtures import make_student, make_world
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import GapRung
from xsim_core.errors import BadInputError
from xsim_core.evaluate import EvaluateConfig
from xsim_core.evaluate.trials import TrialRunner
from xsim_core.gap import FACTORS, GapRungConfig, both_places
from xsim_core.gap.config import PICTURE
from xsim_core.render.room import RoomSpec
from xsim_core.sim.open import open_sim_world
from xsim_core.stage import run_stage
from xsim_core.stages import GAP_RUNG
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.world import open_world

TRIALS = 2


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ArtifactStore((tmp_path_factory.mktemp("store") / "s").as_uri())


def inputs(store, horizon=2):
    return {
        "student": make_student(store),
        "sim": make_sim(store, horizon=horizon),
        "world": make_world(store, room=RoomSpec(texture_px_per_m=60)),
    }


def measured(store, **config):
    told = []
    ref = run_stage(
        GAP_RUNG,
        GapRungConfig(num_trials=TRIALS, **config),
        store,
        inputs(store),
        runtime=Runtime(num_workers=0),
        progress=lambda fraction, _: told.append(fraction),
    )
    assert told == sorted(told)
    return store.open(ref, GapRung)


def picture(rung):
    return np.asarray(Image.open(io.BytesIO(rung.read_file(PICTURE))))[::2, ::2]


@pytest.mark.vulkan
def test_the_last_rung_is_the_world_in_which_evaluate_tries_students(store, tmp_path):
    refs = inputs(store)
    out = store.begin("evaluation", "e" * 24, runtime=Runtime(num_workers=0))
    asked = EvaluateConfig(num_real_trials=TRIALS, num_films=TRIALS)
    sim = open_sim_world(store.open(refs["sim"]), tmp_path)
    runner = TrialRunner(sim, asked, out, num_rows=1)
    (row,) = runner.reality(store.open(refs["world"]), {"student": store.open(refs["student"])})
    rung = measured(store, factors=tuple(FACTORS))
    assert rung.summary.factors == tuple(FACTORS)
    assert asked.seed == rung.manifest.config["seed"]
    np.testing.assert_array_equal(rung.array("progress")[0], row.progress)
    np.testing.assert_array_equal(rung.array("success")[0], row.success)
    first_images = np.concatenate([film[0] for film in row.films], axis=1)
    np.testing.assert_array_equal(picture(rung), first_images)


def test_the_first_rung_is_the_simulation_in_which_evaluate_tries_students(store, tmp_path):
    refs, config = inputs(store), GapRungConfig()
    sim = open_sim_world(store.open(refs["sim"]), tmp_path / "sim")
    here, _ = both_places(sim, open_world(store.open(refs["world"])), config, tmp_path)
    assert (here.assets, here.background) == (sim.assets, sim.background)
    assert config.domain == EvaluateConfig().domain
    told = {"name": "rung", "physics": sim.task.physics}  # As an environment takes it for None.
    assert here.domains == (EvaluateConfig().domain.model_copy(update=told),)


@pytest.mark.vulkan
def test_drawn_worlds_have_an_environment_each(store):
    rung = measured(store, factors=("lights",), num_worlds=2)
    assert rung.array("success").shape == rung.array("progress").shape == (2, 1)
    assert rung.summary.num_worlds == 2


def test_a_student_of_another_task_is_refused(store):
    other = {**inputs(store), "sim": make_sim(store, name="other", horizon=2)}
    with pytest.raises(BadInputError, match="push_block"):
        run_stage(GAP_RUNG, GapRungConfig(num_trials=2), store, other)
