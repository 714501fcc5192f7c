import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.spatial.transform import Rotation

from tests.checking import shapes_checked
from tests.sim import reward_oracle as oracle
from xsim_core.geometry import quat_wxyz_to_matrix
from xsim_core.sim import reward as rewards
from xsim_core.sim.maniskill import batch_reward as batched
from xsim_core.sim.reward import TERMS, Goals, Situation, WaypointReward, rotation_error
from xsim_core.sim.task import RewardWeights, TaskSpec

shapes = shapes_checked(rewards)

GOALS = Goals(
    centres=np.array([[0.5, 0.0, 0.03], [0.5, 0.05, 0.03], [0.5, 0.10, 0.03]]),
    quats_wxyz=np.array([[np.cos(a), 0, 0, np.sin(a)] for a in (0.05, 0.1, 0.15)]),
    position_scales=np.array([20.0, 20.0, 20.0]),
    rotation_scales=np.array([10.0, 10.0, 10.0]),
)


def task(**fields):
    return TaskSpec.model_validate({"name": "t", "gripper": "controlled"} | fields)


def situation(rng, near):
    goal = rng.integers(3)
    wobble = Rotation.from_rotvec(rng.normal(size=3) * near)
    quat = (wobble * Rotation.from_quat(GOALS.quats_wxyz[goal], scalar_first=True)).as_quat(
        scalar_first=True
    )
    return Situation(
        tcp=rng.normal(size=3) * 0.1 + [0.5, 0, 0.05],
        centre=GOALS.centres[goal] + rng.normal(size=3) * near * 0.1,
        quat_wxyz=quat * rng.choice([-1, 1]),
        object_speed_m_s=float(rng.uniform(0, 0.1)),
        arm_speed_rad_s=float(rng.uniform(0, 1)),
        is_grasped=bool(rng.integers(2)),
    )


def stacked(many, dtype=torch.float64):
    """Situations in one, as tensors."""
    fields = ("tcp", "centre", "quat_wxyz", "object_speed_m_s", "arm_speed_rad_s", "is_grasped")
    parts = [torch.as_tensor(np.stack([getattr(s, name) for s in many])) for name in fields]
    return batched.BatchSituation(*(p.to(dtype) for p in parts[:-1]), parts[-1])


def in_numpy(now):
    return type(now)(*(np.asarray(part) for part in vars(now).values()))


@pytest.mark.parametrize("num_envs", [1, 2, 64])
@pytest.mark.parametrize("symmetric_axis", [None, (0.0, 0.0, 1.0)])
@pytest.mark.parametrize("gripper", ["closed", "controlled"])
@pytest.mark.parametrize("may_skip", [False, True])
def test_scalars_and_tensors_equal_the_oracle(num_envs, symmetric_axis, gripper, may_skip):
    weights = RewardWeights(approach=0.7, goal_rotation=0.5, waypoint=1.5)
    spec = task(
        symmetric_axis=symmetric_axis,
        gripper=gripper,
        may_skip_waypoints=may_skip,
        reward=weights,
    )
    rng, scalars = np.random.default_rng(0), [WaypointReward(GOALS, spec) for _ in range(num_envs)]
    goals = batched.BatchGoals.on("cpu", GOALS, torch.float64)
    index = torch.zeros(num_envs, dtype=torch.int64)
    for i in range(max(60 // num_envs, 6)):
        many = [situation(rng, near=0.3) for _ in range(num_envs)]
        if i % 3 == 0:  # Some begin anew.
            index[::2] = 0
            for scalar in scalars[::2]:
                scalar.reset()
        now = stacked(many)
        R = quat_wxyz_to_matrix(np.asarray(now.quat_wxyz))
        expected = oracle.advance(GOALS, spec, index.numpy(), now.centre.numpy(), R)
        errors = batched.goal_errors(now, goals, symmetric_axis)
        index = batched.advance(index, errors, spec)
        of_tensors = batched.reward_terms(now, index, errors, goals, spec)
        of_scalars = [scalar.step(s) for scalar, s in zip(scalars, many, strict=True)]
        assert [scalar.index for scalar in scalars] == index.tolist() == expected.tolist()
        slow = oracle.terms(GOALS, spec, expected, in_numpy(now))
        for name in TERMS:
            # All are double precision; the angle near zero loses half the digits in matrices.
            np.testing.assert_allclose([t[name] for t in of_scalars], slow[name], atol=1e-6)
            np.testing.assert_allclose(of_tensors[name], [t[name] for t in of_scalars], atol=1e-12)


def test_tensors_of_single_precision_agree_to_1e_5():
    spec, rng = task(), np.random.default_rng(1)
    many = [situation(rng, near=0.2) for _ in range(64)]
    found = []
    for dtype in (torch.float32, torch.float64):
        now, goals = stacked(many, dtype), batched.BatchGoals.on("cpu", GOALS, dtype)
        errors = batched.goal_errors(now, goals, spec.symmetric_axis)
        index = batched.advance(torch.zeros(64, dtype=torch.int64), errors, spec)
        found.append(batched.reward_terms(now, index, errors, goals, spec))
    for name in TERMS:
        np.testing.assert_allclose(found[0][name], found[1][name], atol=1e-5)


def test_a_batch_stays_on_its_device():
    """On the meta device nothing can be copied to the host, and nothing of the CPU mixed in."""
    spec = task(symmetric_axis=(0.0, 0.0, 1.0))
    now = stacked([situation(np.random.default_rng(2), near=0.2)] * 3, torch.float32)
    on_meta = batched.BatchSituation(*(part.to("meta") for part in vars(now).values()))
    goals = batched.BatchGoals.on("meta", GOALS)
    index = torch.zeros(3, dtype=torch.int64, device="meta")
    errors = batched.goal_errors(on_meta, goals, spec.symmetric_axis)
    index = batched.advance(index, errors, spec)
    terms = batched.reward_terms(on_meta, index, errors, goals, spec)
    assert {term.device.type for term in terms.values()} == {"meta"}
    assert {tuple(term.shape) for term in terms.values()} == {(3,)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.floats(0, 3.1))
def test_rotation_error_knows_no_quaternion_sign(axis, angle):
    norm = np.linalg.norm(axis)
    axis = np.array([0, 0, 1.0]) if norm < 0.1 else np.array(axis) / norm
    q = Rotation.from_rotvec(axis * angle).as_quat(scalar_first=True)
    identity = np.array([1.0, 0, 0, 0])
    assert rotation_error(identity, q) == pytest.approx(angle, abs=1e-6)
    assert rotation_error(identity, -q) == pytest.approx(angle, abs=1e-6)


def test_rotation_about_the_symmetric_axis_is_free():
    axis = (0.0, 0.6, 0.8)
    spin = Rotation.from_rotvec(np.array(axis) * 1.3).as_quat(scalar_first=True)
    tilt = Rotation.from_rotvec([0.2, 0, 0]).as_quat(scalar_first=True)
    identity = np.array([1.0, 0, 0, 0])
    assert rotation_error(identity, spin, axis) == pytest.approx(0, abs=1e-9)
    slow = oracle.rotation_errors(np.eye(3)[None], quat_wxyz_to_matrix(tilt)[None], axis)
    assert rotation_error(identity, tilt, axis) == pytest.approx(float(slow[0]), abs=1e-9)


def at_goal(k, **more):
    fields = {"object_speed_m_s": 0.0, "arm_speed_rad_s": 0.0} | more
    centre = GOALS.centres[k]
    return Situation(tcp=centre, centre=centre, quat_wxyz=GOALS.quats_wxyz[k], **fields)


def test_waypoint_index_never_falls_and_skips_only_where_allowed():
    strict, loose = (WaypointReward(GOALS, task(may_skip_waypoints=s)) for s in (False, True))
    for reward, expected in ((strict, [0, 1, 1]), (loose, [2, 2, 2])):
        seen = []
        for k in (1, 0, 0):
            reward.step(at_goal(k))
            seen.append(reward.index)
        assert seen == expected


def test_success_needs_rest_and_the_last_waypoint():
    reward = WaypointReward(GOALS, task())
    assert reward.is_success(at_goal(2))
    assert not reward.is_success(at_goal(2, object_speed_m_s=0.2))
    assert not reward.is_success(at_goal(1))


def test_reaching_a_waypoint_never_lowers_the_reward():
    reward = WaypointReward(GOALS, task())
    just_outside = Situation(
        tcp=GOALS.centres[0],
        centre=GOALS.centres[0] + [0, 0.031, 0],
        quat_wxyz=GOALS.quats_wxyz[0],
        object_speed_m_s=0.0,
        arm_speed_rad_s=0.0,
    )
    before = sum(reward.step(just_outside).values())
    assert sum(reward.step(at_goal(0)).values()) > before


def test_scales_stay_finite_where_waypoints_coincide(tmp_path):
    from tests.sim.fixtures import open_sim

    sim = open_sim(tmp_path)
    assets, spec = sim.assets, sim.task
    still = assets.model_copy(update={"T_world_waypoints": (assets.T_world_object_start,)})
    goals = Goals.from_assets(still, spec)
    assert goals.position_scales[0] <= 1 / spec.waypoint_position_m
    assert goals.rotation_scales[0] == 10.0
