"""xsim_core/sim/maniskill/batch_controller.py against its scalar twin, and alone on its device."""

import numpy as np
import pytest
import torch

from tests.sim.fixtures import open_sim
from xsim_core.sim import controller as scalar
from xsim_core.sim.episode.starts import draw_start
from xsim_core.sim.maniskill import batch_controller as batched


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return open_sim(tmp_path_factory.mktemp("push"))


@pytest.mark.parametrize("num_envs", [1, 2, 64])
def test_kinematics_are_those_of_the_scalars(num_envs):
    q = np.random.default_rng(0).uniform(scalar.JOINT_LOW, scalar.JOINT_HIGH, (num_envs, 7))
    T, J = batched.forward_kinematics(torch.from_numpy(q))
    for i in range(num_envs):
        slow_T, slow_J = scalar.forward_kinematics(q[i])
        np.testing.assert_allclose(T[i], slow_T, atol=1e-12)
        np.testing.assert_allclose(J[i], slow_J, atol=1e-12)


@pytest.mark.parametrize("num_envs", [1, 2, 64])
@pytest.mark.parametrize(("turns", "gripper"), [(False, "closed"), (True, "controlled")])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_commands_are_those_of_the_scalars(world, num_envs, turns, gripper, dtype, atol):
    task = world.task.model_copy(update={"turns": turns, "gripper": gripper})
    rng = np.random.default_rng(1)
    starts = [draw_start(world.assets, task.start, rng).qpos for _ in range(num_envs)]
    ours = batched.BatchController.of(world.assets, task, num_envs, torch.device("cpu"), dtype)
    ours.reset(torch.arange(num_envs), torch.from_numpy(np.stack(starts)))
    box = np.array(world.assets.workspace_low), np.array(world.assets.workspace_high)
    theirs = [scalar.EndEffectorController.of_task(task, *box) for _ in range(num_envs)]
    for each, q in zip(theirs, starts, strict=True):
        each.reset(q[:7].copy(), finger_m=float(q[7]) if task.must_grasp else 0.0)
    for step in range(6):
        action = rng.uniform(-1, 1, (num_envs, task.action_dim))
        # Far from the command, so that its lead is cut in some environments.
        tcp = np.stack([c.position for c in theirs]) + rng.normal(size=(num_envs, 3)) * 0.03
        targets = ours.command(torch.from_numpy(action), torch.from_numpy(tcp), gain=0.9)
        assert targets.shape == (num_envs, 9)
        for i, each in enumerate(theirs):
            q = each.command(action[i], tcp[i], gain=0.9)
            np.testing.assert_allclose(targets[i, :7], q, atol=atol)
            np.testing.assert_allclose(targets[i, 7:], each.finger_m, atol=atol)
        if step == 3:  # One begins anew; the others go on.
            ours.reset(torch.tensor([num_envs - 1]), torch.from_numpy(starts[0])[None])
            theirs[-1].reset(
                starts[0][:7].copy(), finger_m=float(starts[0][7]) if task.must_grasp else 0.0
            )


def test_a_batch_of_arms_stays_on_its_device(world):
    meta = torch.device("meta")
    task = world.task.model_copy(update={"turns": True, "gripper": "controlled"})
    ours = batched.BatchController.of(world.assets, task, 3, meta, torch.float32)
    ours.reset(torch.arange(3, device=meta), torch.zeros(3, 9, device=meta))
    targets = ours.command(torch.zeros(3, 5, device=meta), torch.zeros(3, 3, device=meta))
    assert (targets.device, targets.shape) == (meta, (3, 9))
