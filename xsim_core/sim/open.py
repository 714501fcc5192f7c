"""The door to a ``SimWorld`` artifact: its files written where simulator processes find them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from xsim_core.artifacts import (
    EpisodeDataset,
    RealRollouts,
    SimWorld,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.config import Vec3
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import OpenArtifact

from .assets import Matrix, SimAssets
from .pieces import ConvexPieces
from .task import TaskSpec
from .vision.backgrounds import SplatBackground


@dataclass(frozen=True)
class OpenSimWorld:
    """A simulator's world, ready to be built in any process of this machine."""

    task: TaskSpec
    assets: SimAssets
    background: SplatBackground
    mesh: TexturedMesh
    """The object, in its own frame."""
    mesh_from: Literal["file", "film"] = "file"
    """As the artifact has it."""


def open_sim_world(world: OpenArtifact[SimWorld], folder: Path) -> OpenSimWorld:
    """Write the world's meshes and Gaussians below ``folder``.

    Raises:
        BadInputError: when its task is none that this version knows.
    """
    folder = Path(folder).resolve()
    task, arrays = task_of(world), world.array
    mesh = TexturedMesh.from_arrays(
        world.arrays("object"), is_textured=world.summary.is_mesh_coloured
    )
    low, high = arrays("workspace")
    assets = SimAssets(
        object_name=world.summary.object_name,
        visual_glb=mesh.write_glb(folder / "object.glb"),
        collision_objs=ConvexPieces.read(world, "object_pieces").write_objs(folder, "object"),
        scene_objs=ConvexPieces.read(world, "scene_pieces").write_objs(folder, "scene"),
        table_height_m=world.summary.table_height_m,
        object_centre=_vec(arrays("object_centre")),
        T_world_object_start=_matrix(arrays("T_world_object_start")),
        T_world_waypoints=tuple(_matrix(T) for T in arrays("T_world_waypoints")),
        start_qpos=tuple(float(q) for q in arrays("start_qpos")),
        workspace_low=_vec(low),
        workspace_high=_vec(high),
        T_world_cam=_matrix(arrays("T_world_cam")),
        K=_matrix(arrays("K")),
        image_hw=(int(arrays("image_hw")[0]), int(arrays("image_hw")[1])),
    )
    mesh_from = world.summary.mesh_from
    return OpenSimWorld(task, assets, SplatBackground.write(world, folder), mesh, mesh_from)


def task_of(world: OpenArtifact[SimWorld]) -> TaskSpec:
    """The task of a simulator's world.

    Raises:
        BadInputError: when this version does not know one like it.
    """
    try:
        return TaskSpec.model_validate(world.summary.task_spec)
    except ValidationError as error:
        raise BadInputError(
            f"{world.ref} holds a task that this version does not know: {error}. Build it again "
            "(xsim run does)."
        ) from error


OfTask = TeacherPolicy | StudentPolicy | EpisodeDataset | RealRollouts


def check_same_task(
    made: OpenArtifact[OfTask],
    world: OpenArtifact[SimWorld],
) -> None:
    """Refuse a policy or dataset of another task than the world's.

    Raises:
        BadInputError: when they differ.
    """
    if made.summary.task != world.summary.task:
        raise BadInputError(
            f"{made.ref} was made for task '{made.summary.task}', but {world.ref} is a world of "
            f"'{world.summary.task}'. Make both with one task."
        )


def _vec(values: NDArray[np.float64]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _matrix(values: NDArray[np.float64]) -> Matrix:
    return tuple(tuple(float(v) for v in row) for row in np.asarray(values, dtype=np.float64))
