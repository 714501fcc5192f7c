"""xsim_core/calibrate/teach.py: labels are what the teacher does in simulation from there."""

from dataclasses import replace

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from tests.sim.vision.test_asking import leaning_teacher
from xsim_core.calibrate.place.locate import LocatedObject
from xsim_core.calibrate.teach import taught_chunks
from xsim_core.geometry import PinholeCamera
from xsim_core.sim.env import SimEnv
from xsim_core.sim.vision.asking import Ask
from xsim_core.world import RobotEpisodes

LENGTH, STRIDE, HORIZON = 12, 2, 5


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    return open_sim(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def recorded(sim):
    """Two disturbed episodes in simulation, where the object was, and what the teacher wanted."""
    env = SimEnv(sim.assets, sim.task)
    teacher, rng = leaning_teacher(env.obs_dim), np.random.default_rng(0)
    rows, wanted, poses = [], [], []
    for seed in (3, 4):
        obs = env.reset(seed)
        for _ in range(LENGTH):
            wanted.append(teacher.act(obs))
            command = np.clip(wanted[-1] + 0.3 * rng.standard_normal(3), -1, 1)
            rows.append((env.proprio(), command.astype(np.float32), env.env_state()[:9]))
            poses.append(env.T_world_object)
            obs = env.step(command).obs
    state, action, qpos = (np.stack(column) for column in zip(*rows, strict=True))
    nothing = np.zeros((len(rows), 4, 4, 3), np.uint8)
    camera = PinholeCamera(96, 72, np.eye(3))
    ends = np.array([LENGTH, 2 * LENGTH])
    episodes = RobotEpisodes(
        nothing, state, action, qpos, ends, np.eye(4), camera, camera, None, None
    )
    return teacher, episodes, np.stack(poses), np.stack(wanted)


def located(poses, score=1.0):
    parts = [poses[i : i + LENGTH : STRIDE] for i in (0, LENGTH)]
    return [LocatedObject(p, np.full(len(p), score, np.float32)) for p in parts]


def test_a_label_is_what_the_teacher_wants_from_there(sim, recorded):
    teacher, episodes, poses, wanted = recorded
    action, mask = taught_chunks(
        sim, Ask(teacher, HORIZON), episodes, located(poses), stride=STRIDE, min_score=0.3
    )
    assert action.shape == (LENGTH, HORIZON, 3)
    assert mask.shape == (LENGTH, HORIZON)
    assert (mask == 1).all()
    off = np.abs(action[:, 0] - wanted[::STRIDE]).max(axis=1)
    assert np.median(off) < 0.005, off
    assert off.max() < 0.1, off
    # What it goes on to do is not what the disturbed robot did: it is what it would do.
    env, first = SimEnv(sim.assets, sim.task), poses[0]
    obs = env.reset(0, T_world_object=first, qpos=episodes.qpos[0])
    for t in range(HORIZON):
        np.testing.assert_allclose(action[0, t], teacher.act(obs), atol=0.02)
        obs = env.step(action[0, t]).obs


def test_where_the_object_was_seen_decides_and_untrusted_poses_do_not(sim, recorded):
    teacher, episodes, poses, _ = recorded
    ask = {"stride": STRIDE, "min_score": 0.3}
    moved = poses.copy()
    moved[1:, 0, 3] += 0.03
    right, _ = taught_chunks(sim, Ask(teacher, HORIZON), episodes, located(poses), **ask)
    believed, _ = taught_chunks(sim, Ask(teacher, HORIZON), episodes, located(moved), **ask)
    doubted = [replace(f, score=f.score * 0) for f in located(moved)]
    ignored, _ = taught_chunks(sim, Ask(teacher, HORIZON), episodes, doubted, **ask)
    n = LENGTH // STRIDE  # Of the first episode, whose first pose is right.
    assert np.abs(believed - right)[1:n, 0].max(axis=-1).min() > 0.05
    assert np.median(np.abs(ignored - right)[:n, 0].max(axis=-1)) < 0.05
