import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.calibrate.pairs import GateConfig
from xsim_core.calibrate.place.locate import LocatedObject
from xsim_core.calibrate.replay import replay_rollouts
from xsim_core.geometry import PinholeCamera
from xsim_core.sim.episode.state import EnvState
from xsim_core.sim.task import Physics
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout
from xsim_core.world import RobotEpisodes

PHYSICS = {
    "same": Physics(),
    "late and weak": Physics(action_latency_steps=1, action_gain=0.85),
    "slippery": Physics(friction=0.2),
}


@pytest.fixture(scope="module")
def pool_of(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("world"))

    def build(physics):
        return ImageEnvPool(
            sim.assets,
            sim.task,
            background=None,
            domain=Domain(physics=physics),
            num_envs=2,
            num_workers=0,
        )

    return build


class Pusher:
    """Pushes along the demonstrated way with some wandering."""

    def __init__(self, assets):
        goal = assets.waypoints[-1][:2, 3] - assets.start[:2, 3]
        self.push = np.array([*(goal / np.linalg.norm(goal)), -0.1])

    def reset(self, seeds):
        self.rngs = [np.random.default_rng(s) for s in seeds]

    def act(self, rgb, state):
        wander = np.stack([r.standard_normal(3) for r in self.rngs])
        return np.clip(0.6 * self.push + 0.3 * wander, -1, 1).astype(np.float32)


def recording(pool):
    """Episodes as a robot records them, and the object's true poses."""
    result = rollout(pool, Pusher(pool.assets), [3, 4], horizon=25)
    state = EnvState.unpack(result.env_states)
    episodes = RobotEpisodes(
        rgb=result.rgb,
        state=result.state,
        action=result.action,
        qpos=state.qpos,
        episode_ends=result.episode_ends,
        T_world_cam=np.eye(4),
        camera=PinholeCamera(96, 72, np.eye(3)),
        rgbd_camera=PinholeCamera(96, 72, np.eye(3)),
        wide_rgb=None,
        wide_depth_mm=None,
    )
    return episodes, state.T_world_object


@pytest.mark.parametrize("name", PHYSICS)
def test_the_gripper_follows_the_recording(pool_of, name):
    episodes, T_world_object = recording(pool_of(PHYSICS[name]))
    first = [episodes.episode(i).start for i in range(2)]
    starts = [
        LocatedObject(T_world_object[first[i]][None], np.ones(1, np.float32)) for i in range(2)
    ]
    replay = replay_rollouts(pool_of(None), episodes, starts, stride=1, resync_score=None)
    gap = np.linalg.norm(replay.tcp - episodes.state[:, :3], axis=1)
    assert gap.max() < 0.03
    assert np.median(gap) < 0.015
    if name == "same":
        # Free motion repeats to rounding. A push does not: the start is restored in float32, and
        # PhysX's contacts amplify that.
        starts = np.repeat(
            T_world_object[first, :3, 3], np.diff([0, *episodes.episode_ends]), axis=0
        )
        is_free = np.linalg.norm(T_world_object[:, :3, 3] - starts, axis=1) < 1e-4
        assert is_free.sum() >= 6
        assert gap[is_free].max() < 1e-4
        assert np.median(gap) < 0.004
    apart = np.linalg.norm(replay.T_world_object[:, :3, 3] - T_world_object[:, :3, 3], axis=1)
    assert apart[first].max() < 1e-3
    assert np.median(apart) < 0.02
    moved = np.linalg.norm(T_world_object[-1, :3, 3] - T_world_object[first[1], :3, 3])
    assert moved > 0.03


def test_a_replay_that_is_resynchronised_stays_with_the_tracked_object(pool_of):
    episodes, T_world_object = recording(pool_of(PHYSICS["slippery"]))
    rows = [np.arange(25)[::2] + 25 * i for i in range(2)]
    assert episodes.episode_ends.tolist() == [25, 50]
    score, astray = np.ones(13, np.float32), T_world_object[rows[1]].copy()
    score[4:], astray[4:, :3, 3] = 0.0, 9.0  # Lost from the fifth tracked frame on.
    found = LocatedObject(T_world_object[rows[0]], np.ones(13, np.float32))
    located = [found, LocatedObject(astray, score)]
    pool = pool_of(None)
    free = replay_rollouts(pool, episodes, located, stride=2, resync_score=None)
    held = replay_rollouts(pool, episodes, located, stride=2, resync_score=0.3)

    def apart(replay, i):
        at = rows[i]
        return np.linalg.norm(replay.T_world_object[at, :3, 3] - T_world_object[at, :3, 3], axis=1)

    # What is compared is physics' own prediction over two steps, not what it was set to.
    assert 0 < apart(held, 0).max() < GateConfig().object_position_m
    assert apart(held, 0)[4:].mean() < apart(free, 0)[4:].mean()
    # A pose that is not trusted is not taken over: the object goes on as physics has it.
    assert apart(held, 1).max() < 0.1
