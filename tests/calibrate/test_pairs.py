"""xsim_core/calibrate/pairs.py: each of the four gates alone distrusts a pair."""

import numpy as np
import pytest

from xsim_core.calibrate.config import GateConfig
from xsim_core.calibrate.pairs import Pairs
from xsim_core.geometry import make_se3, so3_exp

GATE = GateConfig()


def pairs(n, *, moved_m=0.0, turned_rad=0.0, tcp_m=0.0, score=0.9):
    """``n`` pairs that agree, but for what is given, in the last of them."""
    rng = np.random.default_rng(0)
    T = make_se3(so3_exp(rng.normal(0, 1, (n, 3))), rng.uniform(-0.3, 0.3, (n, 3)))
    tcp, other, other_tcp = rng.uniform(-0.3, 0.3, (n, 3)), T.copy(), None
    other_tcp = tcp.copy()
    other[-1] = make_se3(
        T[-1, :3, :3] @ so3_exp([0, turned_rad, 0]), T[-1, :3, 3] + [0, moved_m, 0]
    )
    other_tcp[-1, 2] += tcp_m
    scores = np.full(n, 0.9, np.float32)
    scores[-1] = score
    rgb = rng.integers(0, 255, (2, n, 6, 8, 3), dtype=np.uint8)
    state = np.zeros((n, 6), np.float32)
    untaught = np.zeros((n, 0, 3), np.float32), np.zeros((n, 0), np.float32)
    rollout = np.arange(n) // 2
    return Pairs(rgb[0], rgb[1], rollout, T, other, tcp, other_tcp, scores, state, *untaught)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"moved_m": GATE.object_position_m - 1e-4}, {"moved_m": GATE.object_position_m + 1e-4}),
        (
            {"turned_rad": GATE.object_rotation_rad - 1e-3},
            {"turned_rad": GATE.object_rotation_rad + 1e-3},
        ),
        ({"tcp_m": GATE.tcp_position_m - 1e-4}, {"tcp_m": GATE.tcp_position_m + 1e-4}),
        ({"score": GATE.min_track_score + 0.01}, {"score": GATE.min_track_score - 0.01}),
    ],
    ids=["position", "rotation", "tcp", "score"],
)
def test_each_gate_alone_distrusts_a_pair(within, beyond):
    assert pairs(5, **within).trusted(GATE).all()
    np.testing.assert_array_equal(pairs(5, **beyond).trusted(GATE), [True] * 4 + [False])


def test_disagreement_is_in_metres_and_radians():
    distance, angle, tcp = pairs(3, moved_m=0.03, turned_rad=0.2, tcp_m=0.01).disagreement()
    np.testing.assert_allclose(distance, [0, 0, 0.03], atol=1e-9)
    np.testing.assert_allclose(angle, [0, 0, 0.2], atol=1e-6)
    np.testing.assert_allclose(tcp, [0, 0, 0.01], atol=1e-9)


def test_taking_and_joining_keep_rows_together():
    some = pairs(6)
    parts = [some.take(np.array([4, 1])), some.take(some.rollout == 1)]
    joined = Pairs.concatenate(parts)
    assert len(joined) == 4
    for name, values in vars(some).items():
        np.testing.assert_array_equal(getattr(joined, name), values[[4, 1, 2, 3]])


def test_frames_in_which_nothing_moved_are_duplicates():
    some = pairs(4)
    some.tcp[1], some.T_world_object[1, :3, 3] = some.tcp[0], some.T_world_object[0, :3, 3]
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = expected[1, 0] = True
    np.testing.assert_array_equal(some.duplicates(0.005), expected)
