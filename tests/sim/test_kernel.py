"""The compiled step of the controller against its NumPy."""

import numpy as np
import pytest

from xsim_core.sim import controller
from xsim_core.sim.controller import (
    JOINT_HIGH,
    JOINT_LOW,
    LINK7_TCP,
    LINK_OFFSETS,
    QPOS_REST,
    dls_step,
    gripper_down,
    quick_dls_step,
)
from xsim_core.sim.kernel import ArmKernel

UPRIGHT = np.zeros(7)
"""Stretched out: the Jacobian is singular here."""


@pytest.fixture(scope="module")
def arm():
    return ArmKernel(
        link_offsets=LINK_OFFSETS, link7_tcp=LINK7_TCP, joint_low=JOINT_LOW, joint_high=JOINT_HIGH
    )


def commands(num, seed=0):
    rng = np.random.default_rng(seed)
    yield UPRIGHT, np.array([0.5, 0.0, 0.2]), gripper_down(0.3)
    for _ in range(num):
        q = rng.uniform(JOINT_LOW, JOINT_HIGH)
        yield q, rng.uniform([-0.8, -0.8, -0.2], 1.2), gripper_down(rng.uniform(-np.pi, np.pi))


@pytest.mark.parametrize("damping", [0.03, 0.3])
def test_a_step_is_that_of_numpy(arm, damping):
    at_a_limit = 0
    for q, position, R in commands(300):
        reference, _ = dls_step(q, position, R, damping=damping)
        np.testing.assert_allclose(arm.step(q, position, R, damping), reference, atol=1e-10)
        at_a_limit += bool(np.any((reference == JOINT_LOW) | (reference == JOINT_HIGH)))
    assert 30 < at_a_limit < 300


def test_arrays_of_any_layout_are_read_and_none_is_written(arm):
    q, position, R = next(commands(1))
    before = q.copy()
    turned = np.asfortranarray(R)
    spread = np.stack([q, q], axis=1)[:, 0]
    answer = arm.step(q, position, R, 0.03)
    np.testing.assert_array_equal(arm.step(spread, position, turned, 0.03), answer)
    single = arm.step(q.astype(np.float32), position.astype(np.float32), R, 0.03)
    np.testing.assert_allclose(single, answer, atol=1e-6)
    np.testing.assert_array_equal(q, before)


@pytest.mark.parametrize("q", [np.zeros(6), np.zeros((1, 7)), np.zeros(9)])
def test_other_shapes_are_no_address(arm, q):
    with pytest.raises(ValueError, match="joints, position and rotation"):
        arm.step(q, np.zeros(3), np.eye(3), 0.03)


def test_a_controller_takes_the_compiled_step_and_numpys_without_a_compiler(monkeypatch, tmp_path):
    goal = np.array([0.5, 0.1, 0.2]), gripper_down(0.1)
    reference, _ = dls_step(QPOS_REST, *goal)
    monkeypatch.setenv("XSIM_CACHE", str(tmp_path))
    for compiler, kinds in (("no-such-compiler", type(None)), ("g++", ArmKernel)):
        monkeypatch.setenv("CXX", compiler)
        controller._kernel.cache_clear()
        assert isinstance(controller._kernel(), kinds)
        np.testing.assert_allclose(quick_dls_step(QPOS_REST, *goal), reference, atol=1e-12)
