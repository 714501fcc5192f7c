import numpy as np
import pytest

from tests.policies.toy import HW, SMALL, rollout, toy_student
from xsim_core.artifacts import StudentPolicy
from xsim_core.errors import BadInputError
from xsim_core.policies.networks import build_net
from xsim_core.policies.normalizer import MinMaxNormalizer
from xsim_core.policies.student import ClosedLoopStudent, Student
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def student():
    return toy_student(SMALL, steps=600)[0]


def test_a_student_learns_to_reach_the_dot(student):
    distance = rollout(ClosedLoopStudent(student), list(range(100, 140)))
    assert (distance < 0.15).mean() >= 0.9, distance


def test_actions_depend_only_on_the_own_seed(student):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (3, *HW, 3), dtype=np.uint8)
    state = rng.uniform(-1, 1, (3, 2)).astype(np.float32)
    together, alone = ClosedLoopStudent(student), ClosedLoopStudent(student)
    together.reset([5, 6, 7])
    alone.reset([6])
    for _ in range(6):
        # Other batch sizes take other kernels; the noise must not differ, rounding may.
        np.testing.assert_allclose(
            together.act(rgb, state)[1], alone.act(rgb[1:2], state[1:2])[0], atol=1e-4
        )


def test_what_a_chunk_is_to_keep_it_keeps_and_the_rest_goes_on_from_there(student):
    rng, a = np.random.default_rng(0), student.architecture
    n = a.n_obs_steps
    rgb = np.repeat(rng.integers(0, 256, (1, 1, *HW, 3), dtype=np.uint8), n, axis=1)
    state = np.zeros((1, n, 2), np.float32)
    noise = rng.standard_normal((1, a.horizon, a.action_dim), np.float32)
    free = student.sample_actions(rgb, state, noise)[0]
    kept = free + student.action.half_range * np.where(free > student.action.centre, -0.5, 0.5)
    kept = kept.astype(np.float32)
    weights = np.zeros(a.horizon, np.float32)
    same = student.sample_actions(rgb, state, noise, known=(kept, weights))[0]
    np.testing.assert_allclose(same, free, atol=1e-5)
    weights[0] = 1.0
    held = student.sample_actions(rgb, state, noise, known=(kept, weights))[0]
    np.testing.assert_allclose(held[0], kept[0], atol=1e-5)
    weights[0] = 0.5
    half = student.sample_actions(rgb, state, noise, known=(kept, weights))[0]
    between = np.sort(np.stack([free[0], kept[0]]), axis=0)
    assert (between[0] - 1e-5 <= half[0]).all()
    assert (half[0] <= between[1] + 1e-5).all()
    assert np.abs(half[0] - free[0]).max() > 1e-3


def test_acting_without_reset_is_refused(student):
    with pytest.raises(BadInputError, match="reset"):
        ClosedLoopStudent(student).act(
            np.zeros((2, *HW, 3), np.uint8), np.zeros((2, 2), np.float32)
        )


def test_a_student_survives_the_store(student, tmp_path):
    store = ArtifactStore(tmp_path.as_uri())
    out = store.begin("student_policy", "0" * 24)
    student.write(out)
    out.write("curve/loss", np.zeros(3))
    summary = StudentPolicy(
        task="toy",
        is_calibrated=False,
        architecture=SMALL.model_dump(mode="json"),
        num_train_steps=3,
        final_loss=0.0,
    )
    ref = store.commit(
        out, summary, stage="diffusion", stage_version=1, config={}, inputs={}, provenance={}
    )
    again = Student.read(store.open(ref, StudentPolicy))
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (2, 1, *HW, 3), dtype=np.uint8)
    state = rng.uniform(-1, 1, (2, 1, 2)).astype(np.float32)
    noise = rng.standard_normal((2, 8, 2), np.float32)
    np.testing.assert_array_equal(
        again.sample_actions(rgb, state, noise), student.sample_actions(rgb, state, noise)
    )


@pytest.mark.parametrize("prediction", ["sample", "epsilon"])
@pytest.mark.parametrize("n_obs_steps", [1, 2])
def test_shapes_of_every_variant(prediction, n_obs_steps):
    architecture = SMALL.model_copy(update={"prediction": prediction, "n_obs_steps": n_obs_steps})
    unit = MinMaxNormalizer(np.zeros(2, np.float32), np.ones(2, np.float32))
    actor = ClosedLoopStudent(Student(build_net(architecture), unit, unit))
    actor.reset([0, 1])
    for _ in range(5):
        action = actor.act(np.zeros((2, *HW, 3), np.uint8), np.zeros((2, 2), np.float32))
        assert action.shape == (2, 2)
        assert np.abs(action).max() <= 1


def test_what_a_chunk_is_predicted_from_can_be_asked_for():
    architecture = SMALL.model_copy(update={"n_obs_steps": 2})
    unit = MinMaxNormalizer(np.zeros(2, np.float32), np.ones(2, np.float32))
    actor = ClosedLoopStudent(Student(build_net(architecture), unit, unit))
    actor.reset([0])
    decided = []
    for t in range(9):
        decided.append(bool(actor.decides()[0]))
        actor.act(np.full((1, *HW, 3), t, np.uint8), np.full((1, 2), t, np.float32))
        rgb, state = actor.window(0)
        assert rgb.shape == (2, *HW, 3)
        assert rgb[:, 0, 0, 0].tolist() == state[:, 0].tolist() == [max(t - 1, 0), t]
    assert decided == [t % architecture.n_action_steps == 0 for t in range(9)]
