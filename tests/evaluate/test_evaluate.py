import numpy as np
import pytest
from pydantic import ValidationError

from tests.evaluate.fixtures import (
    make_images,
    make_student,
    make_teacher,
    make_truth,
    make_world,
)
from tests.sim.fixtures import make_scene, make_sim, make_track, open_sim
from xsim_core.artifacts import (
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.errors import BadInputError
from xsim_core.evaluate import EvaluateConfig, evaluate_policies
from xsim_core.evaluate.errors import truth_errors
from xsim_core.evaluate.evaluate import is_same_policy
from xsim_core.evaluate.trials import TrialRunner
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore, Runtime

STAGE = Stage(
    name="evaluate",
    version=1,
    run=evaluate_policies,
    config=EvaluateConfig,
    inputs={
        "teacher": TeacherPolicy,
        "student": StudentPolicy,
        "calibrated": StudentPolicy,
        "sim": SimWorld,
        "scene": SplatScene,
        "track": ObjectTrack,
        "images": PosedImages,
        "world": RealWorld,
        "truth": GroundTruth,
        "rollouts": RealRollouts,
    },
    output=Evaluation,
    optional=frozenset({"calibrated", "world", "truth", "rollouts"}),
)
HORIZON = 4
HERE = Runtime(num_workers=0)
"""Nothing is started; tests/test_end_to_end.py has the stage work through processes."""
CONFIG = EvaluateConfig(
    num_sim_trials=2, num_teacher_trials=3, num_real_trials=2, num_films=2, num_worlds=0
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ArtifactStore((tmp_path_factory.mktemp("store") / "s").as_uri())


@pytest.fixture(scope="module")
def common(store):
    return {
        "teacher": make_teacher(store), "student": make_student(store),
        "calibrated": make_student(store, seed=1), "sim": make_sim(store, horizon=HORIZON),
        "scene": make_scene(store),
        "track": make_track(store), "images": make_images(store, shift_m=0.003),
    }  # fmt: skip


def test_errors_against_truth_are_what_was_put_in(store, common):
    opened = {name: store.open(ref) for name, ref in common.items()}
    arrays, figures = truth_errors(
        opened["scene"], opened["track"], opened["images"], store.open(make_truth(store))
    )
    assert figures["alignment_mm"] == pytest.approx(3.0)
    assert figures["alignment_deg"] == pytest.approx(0.0, abs=1e-5)
    assert figures["add_auc"] == pytest.approx(100.0, abs=1e-4)
    assert figures["adds_auc"] == pytest.approx(100.0, abs=1e-4)
    assert figures["path_mm"] == pytest.approx(0.0, abs=1e-6)
    assert figures["video_camera_mm"] == 0.0
    assert figures["table_height_mm"] == 0.0
    assert len(arrays["scan_mm"]) == 7


@pytest.mark.vulkan
def test_every_policy_is_tried_on_the_same_seeds(store, common):
    refs = common | {"world": make_world(store), "truth": make_truth(store)}
    seen = []
    ref = run_stage(
        STAGE, CONFIG, store, refs, progress=lambda f, figures: seen.append(f), runtime=HERE
    )
    evaluation = store.open(ref, Evaluation)
    rows = [(r.policy, r.domain, r.trials) for r in evaluation.summary.rates]
    assert rows == [
        ("teacher", "sim", 3),
        ("student", "sim", 2),
        ("calibrated", "sim", 2),
        ("student", "real", 2),
        ("calibrated", "real", 2),
    ]
    assert all(r.low <= r.successes / r.trials <= r.high for r in evaluation.summary.rates)
    figures = evaluation.summary.figures
    assert {"calibration_real_mcnemar_p", "adds_auc", "student_real_success"} <= set(figures)
    assert {"success.png", "film_teacher_sim.png", "film_student_real.gif"} <= set(
        evaluation.file_names
    )
    assert evaluation.array("success/calibrated_real").shape == (2,)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    assert np.isfinite(evaluation.array("error/track_add_m")).all()


@pytest.mark.vulkan
def test_where_nothing_was_calibrated_no_row_says_so(store, common):
    refs = {k: ref for k, ref in common.items() if k != "calibrated"}
    seen = []
    ref = run_stage(STAGE, CONFIG, store, refs, progress=lambda f, _: seen.append(f), runtime=HERE)
    evaluation = store.open(ref, Evaluation)
    assert [(r.policy, r.domain) for r in evaluation.summary.rates] == [
        ("teacher", "sim"),
        ("student", "sim"),
    ]
    assert not any("calibrat" in name for name in evaluation.summary.figures)
    assert seen == sorted(seen)
    # It moves before the first row is done: rows take a minute.
    assert sum(f < 0.5 for f in seen) >= HORIZON
    assert seen[-1] == pytest.approx(1.0)


def test_a_policy_for_another_task_is_refused(store, common):
    other = make_sim(store, name="other", horizon=HORIZON)
    with pytest.raises(BadInputError, match="push_block"):
        run_stage(STAGE, CONFIG, store, {**common, "sim": other})


@pytest.mark.vulkan
def test_a_comparison_for_promotion_calls_its_policies_current_and_candidate(store, common):
    # One trial of the teacher and two films a row: only what was tried is shown.
    config = CONFIG.model_copy(update={"compares": "promotion", "num_teacher_trials": 1})
    ref = run_stage(STAGE, config, store, common, runtime=HERE)
    evaluation = store.open(ref, Evaluation)
    assert [r.policy for r in evaluation.summary.rates] == ["teacher", "current", "candidate"]
    assert {"success/current_sim", "success/candidate_sim"} <= set(evaluation.array_names)
    assert {"promotion_sim_gained", "candidate_sim_success"} <= set(evaluation.summary.figures)
    assert not any("calibrat" in name for name in evaluation.summary.figures)


@pytest.mark.vulkan
def test_a_student_is_tried_in_drawn_worlds_an_environment_each(store, tmp_path):
    sim = open_sim(tmp_path, horizon=2)
    out = store.begin("evaluation", "e" * 24, runtime=HERE)
    asked = CONFIG.model_copy(update={"num_worlds": 2, "trials_per_world": 3})
    runner = TrialRunner(sim, asked, out, num_rows=1)
    world, student = store.open(make_world(store)), store.open(make_student(store))
    (row,) = runner.worlds(world, {"student": student})
    assert (row.name, row.success.shape, row.progress.shape) == ("student_worlds", (2, 3), (2, 3))
    assert row.rate().trials == 6


def test_a_calibration_that_was_not_applied_is_known_by_its_weights(store):
    one, other = (store.open(make_student(store, seed=seed)) for seed in (0, 1))
    assert is_same_policy(one, one)
    assert not is_same_policy(one, other)


def test_one_world_is_refused():
    with pytest.raises(ValidationError, match="0 for none, or 2 and up"):
        EvaluateConfig(num_worlds=1)
