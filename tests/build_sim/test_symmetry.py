"""xsim_core/build_sim/symmetry.py: a spin that does not show moves no waypoint."""

import numpy as np
import pytest

from xsim_core.build_sim.symmetry import with_symmetry
from xsim_core.build_sim.waypoints import waypoints_by_arc_length
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.geometry.symmetry import made_continuous
from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis
from xsim_core.sim import load_task

CAN = ObjectSymmetry(continuous=(SymmetryAxis(axis=(0, 0, 1)),))
N = 60


def waypoints(spin_rad, *, symmetry=None):
    """Positions (4, 3) for a can pushed 20 cm that spins in the first half of its way."""
    s = np.linspace(0, 1, N)
    turned = spin_rad * np.minimum(2 * s, 1)
    T = make_se3(
        so3_exp(np.stack([0 * s, 0 * s, turned], -1)), np.stack([0.2 * s, 0 * s, 0 * s], -1)
    )
    if symmetry is not None:
        T = made_continuous(T, np.ones(N, bool), symmetry)
    points = waypoints_by_arc_length(
        T,
        np.array([[0, N - 1]]),
        np.zeros(N, np.int8),
        num_waypoints=4,
        centre=np.zeros(3),
        radius_m=0.04,
    )
    return points[:, :3, 3]


def test_the_spin_of_a_can_moves_no_waypoint():
    true = waypoints(0.0)
    before = np.abs(waypoints(3.0) - true).max()
    after = np.abs(waypoints(3.0, symmetry=CAN) - true).max()
    assert before > 0.02  # What the spin did before the object had a symmetry.
    assert after < 1e-6


def test_the_task_takes_the_objects_axis():
    task = load_task("push_block")
    assert with_symmetry(task, None) == (task, ())
    assert with_symmetry(task, ObjectSymmetry()) == (task, ())
    taken, (note,) = with_symmetry(task, CAN)
    assert taken.symmetric_axis == (0, 0, 1)
    assert taken == task.model_copy(update={"symmetric_axis": (0, 0, 1)})
    assert "(0, 0, 1) do not count" in note


@pytest.mark.parametrize(("axis", "told"), [((0, 0, -2), ()), ((0, 1, 0), ("90°",))])
def test_an_axis_that_the_task_names_is_the_tasks(axis, told):
    task = load_task("push_block").model_copy(update={"symmetric_axis": axis})
    taken, notes = with_symmetry(task, CAN)
    assert taken is task
    assert len(notes) == len(told)
    assert all(words in note for words, note in zip(told, notes, strict=True))


def test_of_a_ball_people_are_told():
    ball = ObjectSymmetry(continuous=(*CAN.continuous, SymmetryAxis(axis=(1, 0, 0))))
    task, (note,) = with_symmetry(load_task("push_block"), ball)
    assert task.symmetric_axis is None
    assert "ball" in note
