"""The task in simulation and the episodes of a dataset, with the robot."""

from typing import TYPE_CHECKING

import numpy as np

from xsim_core.artifacts import EpisodeDataset, SimWorld
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.sim.episode.state import EnvState
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.storage import OpenArtifact

from .layers import PATH_RGB, add_camera, add_gaussians, add_object, add_piece, pose
from .robot import Robot
from .timeline import Timeline

if TYPE_CHECKING:
    import viser

MAX_EPISODES = 30


def show_sim(server: "viser.ViserServer", sim: OpenArtifact[SimWorld], robot: Robot) -> None:
    """The task: the object at its start, goals, what collides, the robot before it begins."""
    move = add_object(server, "/task/object", TexturedMesh.from_arrays(sim.arrays("object")))
    start, goals = sim.array("T_world_object_start"), sim.array("T_world_waypoints")
    move(start)
    for k, hull in enumerate(ConvexPieces.read(sim, "object_pieces").meshes()):
        add_piece(server, f"/task/object/collision/{k}", hull)
    server.scene.add_frame("/task/object/collision", show_axes=False, visible=False)
    path = np.vstack([start[None], goals])[:, :3, 3]
    server.scene.add_line_segments(
        "/task/goals/path", np.stack([path[:-1], path[1:]], axis=1), PATH_RGB, thickness=0.003
    )
    for k, T in enumerate(goals):
        server.scene.add_frame(f"/task/goals/{k}", axes_length=0.03, axes_radius=0.0015, **pose(T))
    low, high = sim.array("workspace")
    server.scene.add_box(
        "/task/workspace",
        (130, 130, 130),
        tuple(high - low),
        wireframe=True,
        position=(low + high) / 2,
        visible=False,
    )
    robot.show(server, sim.array("start_qpos"))


def show_background(server: "viser.ViserServer", sim: OpenArtifact[SimWorld]) -> None:
    """The room as simulation has it, where the scene itself is not shown."""
    names = ("means", "quats_wxyz", "scales", "opacities")
    arrays = {name: sim.array(f"background/{name}") for name in names}
    add_gaussians(server, "/room/splat", arrays, sim.array("background/rgb"))


def show_dataset(
    server: "viser.ViserServer",
    dataset: OpenArtifact[EpisodeDataset],
    robot: Robot,
    mesh: TexturedMesh | None,
) -> list[Timeline]:
    """Episodes as the student is shown them: robot, object, camera and picture of every step."""
    ends = dataset.array("episode_ends")
    states, pictures = dataset.array("env_states"), dataset.array("observation.images.front")
    T_world_cam, K = dataset.array("T_world_cam"), dataset.array("K")
    height, width = dataset.summary.image_hw
    camera = PinholeCamera(width, height, K.astype(np.float64))
    move = add_object(server, "/episode/object", mesh) if mesh is not None else None
    server.scene.add_frame("/episode", show_axes=False, visible=False)

    def episode(k: int) -> Timeline:
        first = int(ends[k - 1]) if k else 0

        def show(i: int) -> None:
            state = EnvState.unpack(np.asarray(states[first + i], np.float64))
            robot.show(server, state.qpos)
            if move is not None:
                move(state.T_world_object)
            if i == 0:
                add_camera(server, "/episode/camera", T_world_cam[k], camera)

        return Timeline(
            f"episode {k}",
            int(ends[k]) - first,
            dataset.summary.fps,
            show,
            ("episode: object, camera",),
            lambda i: np.asarray(pictures[first + i]),
            lambda i: f"{i / dataset.summary.fps:.2f} s of episode {k} of {len(ends)}",
        )

    return [episode(k) for k in range(min(len(ends), MAX_EPISODES))]
