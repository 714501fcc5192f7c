import numpy as np
import pytest

from tests.evaluate.fixtures import (
    make_dataset,
    make_rollouts,
    make_student,
    make_teacher,
    make_world,
)
from tests.sim.fixtures import make_sim
from tests.world.test_rollouts import recording
from xsim_core.artifacts import (
    EpisodeDataset,
    RealRollouts,
    SimWorld,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.calibrate import CalibrateConfig, calibrate_student
from xsim_core.calibrate.config import AlignConfig, DaggerConfig, HarmConfig, TeachConfig
from xsim_core.deploy import DeployConfig
from xsim_core.errors import BadInputError
from xsim_core.policies import OptimConfig
from xsim_core.stage import Stage, run_stage
from xsim_core.stages import DEPLOY
from xsim_core.storage import ArtifactStore, Runtime

HERE = Runtime(num_workers=0)
"""Nothing is started; tests/test_end_to_end.py has the stage work through processes."""

STAGE = Stage(
    name="calibrate",
    version=1,
    run=calibrate_student,
    config=CalibrateConfig,
    inputs={
        "student": StudentPolicy,
        "dataset": EpisodeDataset,
        "sim": SimWorld,
        "rollouts": RealRollouts,
        "teacher": TeacherPolicy,
    },
    output=StudentPolicy,
    optional=frozenset({"teacher"}),
)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A store, and what calibrate takes of it, the rollouts made by ``deploy``."""
    store = ArtifactStore((tmp_path_factory.mktemp("calibrate") / "store").as_uri())
    student, sim = make_student(store), make_sim(store, horizon=6)
    inputs = {"student": student, "sim": sim, "world": make_world(store)}
    rollouts = run_stage(DEPLOY, DeployConfig(num_rollouts=2), store, inputs, runtime=HERE)
    refs = {"student": student, "sim": sim, "rollouts": rollouts}
    return store, refs | {"dataset": make_dataset(store), "teacher": make_teacher(store)}


@pytest.mark.vulkan
def test_rollouts_become_pairs_and_a_calibrated_student(given):
    store, refs = given
    config = CalibrateConfig(
        num_held_out=0,
        frame_stride=1,
        teach=TeachConfig(batch_size=4),
        dagger=DaggerConfig(num_episodes=2),
        optim=OptimConfig(num_steps=4, batch_size=8, warmup_steps=3),
        do_no_harm=None,
    )
    num_steps = store.open(refs["rollouts"]).summary.num_steps
    seen = []
    ref = run_stage(
        STAGE, config, store, refs, progress=lambda f, x: seen.append((f, x)), runtime=HERE
    )
    calibrated = store.open(ref, StudentPolicy)
    figures = calibrated.summary.figures
    assert calibrated.summary.is_calibrated
    assert figures["num_rollouts"] == 2
    assert figures["pairs_kept"] + figures["pairs_dropped"] == num_steps
    # The object hardly moves in so short a time, so tracked and simulated pose must agree.
    assert figures["pairs_kept"] >= 0.5 * num_steps
    assert figures["object_gap_mm"] < 15
    assert {"retrieval_before", "retrieval_after", "alignment_after"} <= set(figures)
    assert figures["dagger_rows"] == 2 * 2  # Six steps each, of which a chunk takes four.
    assert {"dagger_success_1", "dagger_miss_1", "dagger_miss_after"} <= set(figures)
    assert {"pairs.png", "features.png", "loss.png", "dagger.png"} <= set(calibrated.file_names)
    # What the world says of success is no business of this stage.
    told = {name for _, x in seen for name in x if "success" in name}
    assert told == {"dagger_success_1"}
    before = store.open(refs["student"]).arrays("weights")
    assert any(not np.array_equal(before[k], v) for k, v in calibrated.arrays("weights").items())
    goes_on(store, refs | {"student": ref}, config)


def goes_on(store, refs, config):
    """A calibrated student is calibrated further, old pairs beside new ones."""
    first = store.open(refs["student"], StudentPolicy)
    kept = int(first.summary.figures["pairs_kept"])
    assert first.summary.figures["pairs_of_before"] == 0
    quick = config.model_copy(update={"optim": OptimConfig(num_steps=1, warmup_steps=0)})
    further = store.open(run_stage(STAGE, quick, store, refs, runtime=HERE), StudentPolicy)
    assert further.summary.figures["pairs_of_before"] == kept
    assert further.summary.num_train_steps == first.summary.num_train_steps + 1
    pairs = further.arrays("pairs")
    assert len(pairs["real"]) == len(pairs["is_held_out"]) == 2 * kept
    np.testing.assert_array_equal(pairs["action"][:kept], first.array("pairs/action"))
    # Rollouts are counted on: those of the second calibration are none of the first.
    assert not set(pairs["rollout"][:kept]) & set(pairs["rollout"][kept:])
    # A calibration that asks nobody has no use for labelled pairs, and says so.
    unasked = quick.model_copy(update={"teach": None, "align": AlignConfig(weight=0.1)})
    other = store.open(run_stage(STAGE, unasked, store, refs, runtime=HERE), StudentPolicy)
    assert other.summary.figures["pairs_of_before"] == 0
    assert f"{kept} pairs of the calibration before are left out" in other.notes[0]


@pytest.mark.vulkan
def test_a_calibration_that_is_not_shown_harmless_leaves_the_student_as_it_was(given):
    store, refs = given
    config = CalibrateConfig(
        num_held_out=0,
        camera=None,
        teach=None,
        align=AlignConfig(weight=0.1),
        optim=OptimConfig(num_steps=2, batch_size=4, warmup_steps=1),
        do_no_harm=HarmConfig(num_trials=1),
    )
    ref = run_stage(STAGE, config, store, refs, runtime=HERE)
    stays, before = store.open(ref, StudentPolicy), store.open(refs["student"])
    assert not stays.summary.is_calibrated
    assert stays.summary.num_train_steps == before.summary.num_train_steps
    (note,) = stays.notes
    assert note.startswith("not applied, the uncalibrated student stays: rollouts held out")
    assert stays.summary.figures["kept_trials"] == 1
    for name, value in before.arrays("weights").items():
        np.testing.assert_array_equal(stays.arrays("weights")[name], value)


def test_what_does_not_fit_is_refused_before_anything_is_computed():
    store = ArtifactStore("memory://")
    refs = {"student": make_student(store), "dataset": make_dataset(store), "sim": make_sim(store)}
    refs["rollouts"] = make_rollouts(store, recording())
    with pytest.raises(BadInputError, match="no teacher was given") as refused:
        run_stage(STAGE, CalibrateConfig(num_held_out=1), store, refs)
    assert "calibrate.teach=null" in str(refused.value)
    asking = CalibrateConfig(num_held_out=1, teach=None, dagger=DaggerConfig())
    with pytest.raises(BadInputError, match=r"no teacher was given.*calibrate.dagger=null"):
        run_stage(STAGE, asking, store, refs)
    refs["teacher"] = make_teacher(store)
    with pytest.raises(BadInputError, match=r"has 2 rollouts, and calibrate holds 2 out of train"):
        run_stage(STAGE, CalibrateConfig(num_held_out=2), store, refs)
    refs["rollouts"] = make_rollouts(store, recording(), task="pick_place", name="1")
    with pytest.raises(BadInputError, match="was made for task 'pick_place'"):
        run_stage(STAGE, CalibrateConfig(num_held_out=1), store, refs)
