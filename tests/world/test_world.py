import numpy as np
import pytest

from tests.sim.fixtures import block_mesh, commit, open_sim
from xsim_core.artifacts import RealWorld
from xsim_core.errors import BadInputError
from xsim_core.geometry import rotation_angle
from xsim_core.render.room import RoomSpec
from xsim_core.storage import ArtifactStore
from xsim_core.world import (
    SimulatedRobot,
    WorldSpec,
    check_object_frame,
    open_world,
    spec_to_json,
)

SPEC = WorldSpec(
    name="other light",
    room=RoomSpec(texture_px_per_m=100),
    camera_error_m=0.01,
    camera_error_rad=0.02,
    friction=0.3,
    action_latency_steps=1,
    object_tint=(0.9, 1, 0.8),
)


def make_world(store, json_bytes=None, *, name="world"):
    vertices, faces, uv, texture = block_mesh()
    arrays = {
        "spec_json": spec_to_json(SPEC) if json_bytes is None else json_bytes,
        "object/vertices": vertices,
        "object/faces": faces,
        "object/uv": uv,
        "object/texture": texture,
    }
    return store.open(commit(store, RealWorld(name="w"), arrays, name=name), RealWorld)


def test_a_world_survives_its_artifact_and_nonsense_does_not():
    store = ArtifactStore("memory://")
    assert open_world(make_world(store)).spec == SPEC
    nonsense = np.frombuffer(b'{"name": "x", "gravity": 0}', np.uint8)
    with pytest.raises(BadInputError, match="gravity"):
        open_world(make_world(store, nonsense, name="nonsense"))


def test_the_camera_is_off_by_what_the_spec_says():
    domain = SPEC.domain
    T = domain.draw(0, np.eye(4)).T_world_cam
    assert np.linalg.norm(T[:3, 3]) == pytest.approx(0.01)
    assert rotation_angle(T[:3, :3], np.eye(3)) == pytest.approx(0.02)
    assert domain.physics.action_latency_steps == 1


class Forward:
    def reset(self, seeds):
        self.n = len(seeds)

    def act(self, rgb, state):
        return np.tile(np.array([0, 1.0, 0], np.float32), (self.n, 1))


@pytest.mark.vulkan
def test_a_robot_records_only_what_it_can_perceive(tmp_path):
    sim = open_sim(tmp_path, horizon=4)
    world = open_world(make_world(ArtifactStore("memory://")))
    with SimulatedRobot(
        world, sim, folder=tmp_path, num_envs=1, num_workers=0, rgbd_hw=(48, 64)
    ) as robot:
        with pytest.raises(ValueError, match="not run yet"):
            robot.judge()
        episodes = robot.run(Forward(), [1, 2])
        truth = robot.judge()
    assert len(episodes) == 2
    assert episodes.rgb.shape == (8, 72, 96, 3)
    assert episodes.wide_depth_mm.shape == (8, 48, 64)
    np.testing.assert_array_equal(episodes.T_world_cam, np.array(sim.assets.T_world_cam))
    assert not {"success", "env_states", "T_world_object"} & set(vars(episodes))
    # The first action takes effect one step late.
    moved = np.diff(episodes.state[episodes.episode(0), 1])
    assert moved[0] < 0.3 * moved[1]
    assert truth.T_world_object.shape == (8, 4, 4)
    assert truth.progress.shape == (2,)


def test_an_object_made_from_the_film_is_in_no_frame_that_the_world_knows():
    check_object_frame("file")
    with pytest.raises(BadInputError, match="made from the film, in a frame of its own"):
        check_object_frame("film")
