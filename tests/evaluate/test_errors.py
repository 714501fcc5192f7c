import numpy as np
import pytest

from xsim_core.evaluate.errors import _scan_errors, frame_apart, pose_differences
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.storage import ArtifactStore

from .fixtures import make_images, make_truth


def test_translations_are_in_millimetres():
    T = make_se3(np.eye(3), [0.003, 0.004, 0])[None]
    distance_mm, angle_deg = pose_differences(T, np.eye(4)[None])
    assert distance_mm == pytest.approx([5.0])
    assert angle_deg == pytest.approx([0.0])


def test_rotations_are_in_degrees():
    T = make_se3(so3_exp(np.array([0, 0, 0.1])), np.zeros(3))
    _, angle_deg = pose_differences(T, np.eye(4))
    assert angle_deg == pytest.approx(np.degrees([0.1]))


def test_images_of_the_film_are_held_against_its_camera():
    store = ArtifactStore("memory://")
    images, truth = make_images(store, shift_m=0.002, of_film=True), make_truth(store)
    errors = _scan_errors(store.open(images), store.open(truth))
    assert errors["scan_mm"] == pytest.approx([2.0] * 4)
    assert errors["scan_deg"] == pytest.approx([0.0] * 4, abs=1e-5)


def test_the_frame_of_a_mesh_that_the_film_gave_is_found_over_all_frames():
    rng = np.random.default_rng(0)
    T_true = make_se3(so3_exp(rng.normal(size=(9, 3))), rng.normal(size=(9, 3)))
    apart = make_se3(so3_exp([0.2, -0.5, 2.0]), [0.01, 0.02, -0.03])
    found = frame_apart(T_true @ apart, T_true)
    np.testing.assert_allclose(found, apart, atol=1e-12)
    # One frame far off moves it hardly, and the error of that frame stays.
    wrong = T_true @ apart
    wrong[4, :3, 3] += 0.5
    np.testing.assert_allclose(frame_apart(wrong, T_true), apart, atol=1e-12)
