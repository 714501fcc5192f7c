import numpy as np
import pytest

from tests.sim.fixtures import make_scene, make_sim, make_track, push_path
from xsim_core.artifacts import SimWorld
from xsim_core.build_sim import BuildSimConfig
from xsim_core.build_sim.collision import scene_pieces
from xsim_core.errors import BadInputError
from xsim_core.sim import load_task, open_sim_world, task_of
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.stage import run_stage
from xsim_core.stages import BUILD_SIM
from xsim_core.storage import ArtifactStore


@pytest.fixture
def store():
    return ArtifactStore("memory://")


def box(low, high):
    return np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def test_a_world_carries_its_task_and_opens_as_it_was_built(store, tmp_path):
    world = store.open(make_sim(store, horizon=7), SimWorld)
    sim = open_sim_world(world, tmp_path)
    assert task_of(world) == sim.task == load_task("push_block").model_copy(update={"horizon": 7})
    np.testing.assert_array_equal(sim.assets.waypoints, world.array("T_world_waypoints"))
    np.testing.assert_array_equal(sim.assets.start, world.array("T_world_object_start"))
    assert len(sim.assets.collision_objs) == world.summary.num_object_pieces == 2  # It is an L.
    assert sim.assets.scene_objs == ()
    assert world.summary.path_length_m == pytest.approx(0.16, abs=0.02)
    assert world.file_names == ("world_top_view.png",)


def test_an_object_whose_colours_nobody_knows_stays_one(store, tmp_path):
    """Else ``calibrate`` would look for the blank atlas's grey in the robot's pictures."""
    track = make_track(store, push_path(), name="blank", is_mesh_coloured=False)
    inputs = {"scene": make_scene(store), "track": track}
    world = store.open(run_stage(BUILD_SIM, BuildSimConfig(), store, inputs), SimWorld)
    assert not open_sim_world(world, tmp_path / "blank").mesh.is_textured
    assert open_sim_world(store.open(make_sim(store)), tmp_path / "known").mesh.is_textured


def test_the_goal_is_where_the_object_ended(store):
    world = store.open(make_sim(store), SimWorld)
    # The task flattens the path onto the table; horizontally it ends where the video does.
    np.testing.assert_allclose(
        world.array("T_world_waypoints")[-1, :2, 3], push_path()[-1, :2, 3], atol=2e-3
    )


def test_building_again_gives_the_same_bytes(store):
    one, other = store.open(make_sim(store)), ArtifactStore("memory://")
    two = other.open(make_sim(other))
    for name in one.array_names:
        np.testing.assert_array_equal(two.array(name), one.array(name), err_msg=name)


def test_an_object_out_of_reach_is_refused(store):
    far = push_path()
    far[:, 0, 3] += 1.0
    inputs = {"scene": make_scene(store), "track": make_track(store, far, name="far")}
    with pytest.raises(BadInputError, match="cannot reach"):
        run_stage(BUILD_SIM, BuildSimConfig(), store, inputs)


def test_obstacles_are_what_is_neither_table_nor_workspace_nor_robot():
    kept = box((0.7, 0.5, 0.0), (0.8, 0.6, 0.2))
    table = box((0, -1, -0.05), (1, 1, 0.0))
    in_the_way = box((0.5, 0, 0), (0.6, 0.1, 0.1))
    robot = box((-0.1, -0.1, 0), (0.1, 0.1, 0.4))
    found = scene_pieces(
        np.concatenate([table, in_the_way, robot, kept]),
        np.arange(1, 5) * 8,
        table_height_m=0.0,
        keep_clear_low=np.array([0.3, -0.2, 0.0]),
        keep_clear_high=np.array([0.65, 0.2, 0.3]),
    )
    assert len(found) == 1
    np.testing.assert_allclose(np.sort(found.vertices, axis=0), np.sort(kept, axis=0))


def test_a_flat_obstacle_is_refused():
    flat = box((0.6, 0.5, 0.1), (0.7, 0.6, 0.1))
    with pytest.raises(BadInputError, match="piece 0 is flat"):
        scene_pieces(
            flat,
            np.array([8]),
            table_height_m=0.0,
            keep_clear_low=np.zeros(3),
            keep_clear_high=np.zeros(3),
        )


def test_other_pieces_never_get_the_name_of_earlier_ones(tmp_path):
    import trimesh

    def written(size):
        return ConvexPieces.join([trimesh.creation.box([size] * 3)]).write_objs(tmp_path, "scene")

    # SAPIEN keeps convex meshes by path until its process ends.
    assert written(0.1) == written(0.1)
    assert written(0.1) != written(0.2)
