"""What a track is judged by: its poses, what was seen of the object, and what it stands on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import rotation_angle
from xsim_core.storage import OpenArtifact

OK, OCCLUDED, LOST = 0, 1, 3
Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Surface:
    """A plane in the world frame that the object cannot pass: ``normal . p = offset_m``."""

    name: str
    normal: tuple[float, float, float]
    """Unit, upwards."""
    offset_m: float

    @property
    def tilt_rad(self) -> float:
        """Against the horizontal."""
        return float(np.arccos(np.clip(self.normal[2], -1, 1)))


@dataclass(frozen=True)
class TrackEvidence:
    """Of t frames; world frame, metres, seconds."""

    T_world_object: Floats
    """(t, 4, 4)."""
    status: NDArray[np.integer]
    """(t,) as in ``ObjectTrack``."""
    score: Floats
    """(t,)."""
    timestamps_s: Floats
    """(t,)."""
    segments: NDArray[np.integer]
    """(s, 2) first and last frames of motion."""
    vertices: Floats
    """(v, 3) of the mesh, object frame."""
    surfaces: tuple[Surface, ...] = ()
    passes_apart_m: float | None = None
    """How far tracking forward and backward disagree (ADD, 95th percentile)."""

    @classmethod
    def of(cls, track: OpenArtifact[ObjectTrack], *more: Surface) -> "TrackEvidence":
        """As the artifact holds it, with further surfaces that only others know."""
        summary = track.summary
        names = ("T_world_object", "status", "score", "timestamps_s", "segments")
        return cls(
            **{name: track.array(name) for name in names},
            vertices=track.array("object/vertices").astype(np.float64),
            surfaces=(*measured_surface(summary.support_plane), *more),
            passes_apart_m=summary.passes_apart_m,
        )

    @cached_property
    def is_seen(self) -> Flags:
        """(t,): frames in which the object itself was measured."""
        return np.isin(self.status, (OK, OCCLUDED))

    @cached_property
    def is_moving(self) -> Flags:
        """(t,): frames of the motion segments."""
        moving = np.zeros(len(self.status), bool)
        for first, last in self.segments:
            moving[first : last + 1] = True
        return moving

    def longest_s(self, flags: Flags) -> tuple[float, float]:
        """When the longest stretch of flagged frames began, and how long it lasted.

        From the frame before it to the frame after it: so long nothing was known.
        """
        edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
        time_s, last = self.timestamps_s - self.timestamps_s[0], len(flags) - 1
        spans = [
            (float(time_s[max(a - 1, 0)]), float(time_s[min(b, last)]))
            for a, b in edges.reshape(-1, 2)
        ]
        begin, end = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
        return begin, end - begin

    @cached_property
    def steps(self) -> tuple[Floats, Floats, Floats]:
        """Speed (m/s), spin (rad/s) and time (s) of each step between neighbouring seen frames."""
        seen = np.flatnonzero(self.is_seen)
        a, b = seen[:-1], seen[1:]
        a, b = a[b - a == 1], b[b - a == 1]
        took_s = np.maximum(self.timestamps_s[b] - self.timestamps_s[a], 1e-6)
        T = self.T_world_object
        moved = np.linalg.norm(T[b, :3, 3] - T[a, :3, 3], axis=-1)
        turned = rotation_angle(T[a, :3, :3], T[b, :3, :3])
        return moved / took_s, turned / took_s, self.timestamps_s[a] - self.timestamps_s[0]

    def heights_m(self, surface: Surface) -> Floats:
        """Height (t,) of the object's lowest point above a surface; a median of three frames."""
        normal, points = np.asarray(surface.normal), _outermost(self.vertices)
        along = self.T_world_object[:, :3, :3].transpose(0, 2, 1) @ normal
        origin = self.T_world_object[:, :3, 3] @ normal - surface.offset_m
        lowest = np.array([(points @ a).min() for a in along]) + origin
        padded = np.concatenate([lowest[:1], lowest, lowest[-1:]])
        return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)


def measured_surface(plane: tuple[float, float, float, float] | None) -> tuple[Surface, ...]:
    """What ``ObjectTrack.support_plane`` says, where it says something."""
    if plane is None:
        return ()
    return (Surface("what it stands on in the film", plane[:3], plane[3]),)


def table(height_m: float) -> Surface:
    """The room's table, as ``SplatScene`` knows it."""
    return Surface("the room's table", (0.0, 0.0, 1.0), height_m)


def _outermost(vertices: Floats) -> Floats:
    """The vertices (n, 3) of the hull: no other can be the lowest."""
    from scipy.spatial import ConvexHull

    if len(vertices) < 5:
        return vertices
    # Joggled: flat meshes have a hull too.
    return vertices[ConvexHull(vertices, qhull_options="QJ").vertices]
