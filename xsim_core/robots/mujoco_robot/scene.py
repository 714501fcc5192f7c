"""What stands around the robot, as plain numbers and meshes: where it came from is not known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.exporters.rigid_body import RigidBody
from xsim_core.geometry import PinholeCamera, TexturedMesh

Piece = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Vertices (v, 3) and faces (f, 3) of a convex mesh."""


@dataclass(frozen=True)
class Thing:
    """The object."""

    mesh: TexturedMesh
    pieces: tuple[Piece, ...]
    """What it touches with, in its own frame."""
    body: RigidBody
    T_world_start: NDArray[np.float64]
    """(4, 4) nominal."""
    centre: NDArray[np.float64]
    """(3,) centre of mass in its own frame."""


@dataclass(frozen=True)
class Room:
    """What stands still."""

    parts: dict[str, tuple[TexturedMesh, NDArray[np.float64]]]
    """Seen: mesh and ``T_world_part`` by name."""
    obstacles: tuple[Piece, ...]
    """Touched, world frame, beside a table at ``table_height_m``."""
    table_height_m: float
    ambient_rgb: tuple[float, float, float]
    """Light from everywhere."""
    lights: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...]
    """Directional lights: where they shine to, and their colour; the first casts shadows."""


@dataclass(frozen=True)
class Eye:
    """A fixed camera."""

    camera: PinholeCamera
    T_world_cam: NDArray[np.float64]
    """(4, 4) where it really is."""
    T_world_cam_told: NDArray[np.float64]
    """(4, 4) where its owner believes it to be."""
    noise_std: float
    """Grey levels."""
    depth_noise_m: float
    """Standard deviation at one metre; grows with the square."""


@dataclass(frozen=True)
class Errand:
    """What a person does beside the robot: put the object there, see whether it is done."""

    object_xy_m: float
    """Half range of each start coordinate around the nominal."""
    object_yaw_rad: float
    joint_noise_rad: float
    start_qpos: NDArray[np.float64]
    """(9,) arm and fingers."""
    T_world_goal: NDArray[np.float64]
    """(4, 4) of the object."""
    position_m: float
    """The object's centre must come so near ..."""
    rotation_rad: float
    """... and its rotation so near ..."""
    speed_m_s: float
    """... and move no faster, for success."""
    symmetric_axis: tuple[float, float, float] | None
    """In the object's frame; rotation about it does not count."""


@dataclass(frozen=True)
class Scene:
    """All of it."""

    urdf: Path
    """Of the arm; its meshes lie where it says."""
    thing: Thing
    room: Room
    eye: Eye
    errand: Errand
    friction: float
    """Of object and table."""
