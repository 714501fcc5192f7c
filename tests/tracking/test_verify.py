"""xsim_core/tracking/verify.py: the right pose scores high, wrong ones low, hands are no error."""

import numpy as np
import pytest

from tests.tracking.scenes import T_WORLD_CAM, Scene, l_block, make_camera
from xsim_core.geometry import inverse_se3, make_se3, so3_exp
from xsim_core.tracking import RayCaster, TrackerConfig
from xsim_core.tracking.appearance import Appearance, ColourModel, Lighting
from xsim_core.tracking.frame import Level
from xsim_core.tracking.verify import verify

CAMERA, MESH = make_camera(), l_block()
CASTER, APPEARANCE = RayCaster(MESH), Appearance(MESH)
T_WORLD_OBJECT = make_se3(so3_exp([0, 0, 0.5]), [0.5, 0, 0])
T = inverse_se3(T_WORLD_CAM) @ T_WORLD_OBJECT


@pytest.fixture(scope="module")
def frame():
    return Scene(CAMERA, MESH).render(T_WORLD_OBJECT)


def verdict(frame, T_cam_object=T):
    return verify(
        T_cam_object,
        Level(*frame, CAMERA),
        caster=CASTER,
        appearance=APPEARANCE,
        colours=ColourModel(),
        lighting=Lighting.neutral(),
        config=TrackerConfig(),
    )


def test_the_true_pose_explains_the_frame(frame):
    found = verdict(frame)
    assert found.score > 0.8
    assert found.visible_fraction > 0.9
    assert found.covered_fraction < 0.02
    assert found.is_inlier.mean() > 0.7


@pytest.mark.parametrize(
    "change",
    [
        make_se3(np.eye(3), [0.03, 0, 0]),
        make_se3(np.eye(3), [0, 0, 0.03]),
        make_se3(so3_exp([0, 0, np.pi]), [0, 0, 0]),
        make_se3(so3_exp([0, 0, 0.5]), [0, 0, 0]),
    ],
    ids=["beside", "above", "half a turn", "turned"],
)
def test_a_wrong_pose_fits_worse(frame, change):
    right, wrong = verdict(frame), verdict(frame, T @ change)
    assert wrong.fit < right.fit - 0.1
    assert wrong.score < right.score - 0.1


def test_what_is_covered_is_not_held_against_the_pose(frame):
    rgb, depth_m = (a.copy() for a in frame)
    pixels = CASTER.render(T, CAMERA).pixels
    hidden = pixels[pixels[:, 0] > np.median(pixels[:, 0])]
    depth_m[hidden[:, 1], hidden[:, 0]] -= 0.08
    rgb[hidden[:, 1], hidden[:, 0]] = (205, 150, 125)
    found = verdict((rgb, depth_m))
    assert found.score > 0.75
    assert found.covered_fraction == pytest.approx(0.5, abs=0.12)
    assert found.visible_fraction == pytest.approx(0.5, abs=0.15)


def test_an_object_that_was_lifted_away_scores_nothing(frame):
    gone = Scene(CAMERA, MESH).render(make_se3(np.eye(3), [5.0, 5.0, 0.0]))
    assert verdict(gone).score < 0.5 < verdict(frame).score


@pytest.mark.parametrize("position", [[0, 0, -1.0], [9.0, 0, 1.0]])
def test_a_pose_out_of_view_has_no_evidence(frame, position):
    found = verdict(frame, make_se3(np.eye(3), position))
    assert (found.score, found.fit, found.visible_fraction) == (0, 0, 0)
