import numpy as np
import pytest
from hypothesis import given, strategies as st

from xsim_core.capture.synthetic.hand import FINGERS, OPEN_ANGLES, Hand, grasp_angles
from xsim_core.capture.synthetic.motion import ObjectMotion, Phases, minimum_jerk
from xsim_core.geometry import make_se3, rotation_angle


@given(st.floats(0, 1))
def test_minimum_jerk_is_symmetric_and_within_bounds(tau):
    s = float(minimum_jerk(tau))
    assert 0 <= s <= 1
    assert s + float(minimum_jerk(1 - tau)) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["slide", "lift"])
def test_object_rests_moves_and_rests(kind):
    phases = Phases.of(90)
    motion = ObjectMotion((0.5, -0.1), (0.51, 0.06), -0.15, 0.44, 0.018, 0.025, kind)
    T = motion.poses(phases)
    assert phases.move >= 10
    np.testing.assert_array_equal(T[: phases.move + 1], np.broadcast_to(T[0], (37, 4, 4)))
    np.testing.assert_allclose(T[phases.release :], np.broadcast_to(T[-1], (22, 4, 4)), atol=1e-12)
    assert np.linalg.norm(T[-1, :3, 3] - T[0, :3, 3]) == pytest.approx(0.16, abs=0.005)
    assert rotation_angle(T[0, :3, :3], T[-1, :3, :3]) == pytest.approx(0.44)
    highest = T[:, 2, 3].max()
    assert highest == pytest.approx(0.025 if kind == "slide" else 0.105, abs=1e-3)


def test_closed_fingers_touch_the_object_from_both_sides():
    half = np.array([0.05, 0.03])
    outline = half * [[-1, -1], [1, -1], [1, 1], [-1, 1]]
    tilt = np.deg2rad(40)
    x = np.array([0, np.cos(tilt), -np.sin(tilt)])
    z = np.array([0, np.sin(tilt), np.cos(tilt)])
    T_object_hand = make_se3(np.stack([x, np.cross(z, x), z], -1), [0, -0.035, 0.095])
    angles = grasp_angles(T_object_hand, outline, 0.025)
    for finger in FINGERS:
        tip = (T_object_hand @ finger.joints(angles[finger.name])[-1])[:3, 3]
        side = -1 if finger.name == "thumb" else 1
        if finger.name != "little":  # Too short to reach around.
            assert side * tip[1] == pytest.approx(0.03 + finger.radii_m[-1], abs=0.012)


def test_every_link_has_a_mesh_and_a_pose():
    hand = Hand(rng=np.random.default_rng(0))
    angles = {name: np.array(a) for name, a in OPEN_ANGLES.items()}
    poses = hand.links(np.eye(4), angles, wrist_rad=0.2)
    assert set(poses) == set(hand.meshes)
    for T in poses.values():
        np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)
