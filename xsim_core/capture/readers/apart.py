"""What a person's files hold, read in a process of its own (see ``limited.py``)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.moving.given_path import GivenPath
from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.errors import XSimError
from xsim_core.geometry import TexturedMesh

from .depth_unit import DepthUnit
from .limited import Limits, failure_of, read_in_child
from .tracks.of_film import GivenTrack
from .tracks.spec import TrackSpec


@dataclass(frozen=True)
class Brought:
    """What a person's files hold. The arrays lie in files of the folder that was given."""

    mesh: TexturedMesh | None
    """None where the film gives it."""
    photos: NDArray[np.uint8]
    """(n, h, w, 3); none where the film gives the room."""
    video: RGBDVideo
    unit: DepthUnit
    notes: list[str]
    photo_poses: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """``T_given_cam`` (n, 4, 4) and ``K`` (3, 3) where they came with the photos."""
    track: GivenTrack | None = None
    camera_path: GivenPath | None = None
    room: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Flat Gaussians in the world's frame, by ``read_gaussians``' names; none without a file."""
    photo_names: tuple[str, ...] = ()
    """As ``read_named_photos`` gives them; none where poses came with the photos."""


@dataclass(frozen=True)
class Parts:
    """As much of a capture's files as could be read; notes and failures by part."""

    mesh: TexturedMesh | None
    photos: NDArray[np.uint8] | None
    video: RGBDVideo | None
    unit: DepthUnit | None
    notes: dict[str, list[str]]
    failures: dict[str, XSimError]
    photo_poses: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """As ``Brought`` has them."""
    track: GivenTrack | None = None
    camera_path: GivenPath | None = None
    room: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Flat Gaussians in the world's frame, by ``read_gaussians``' names; none without a file."""
    photo_names: tuple[str, ...] = ()
    """As ``read_named_photos`` gives them; none where poses came with the photos."""

    def whole(self) -> Brought:
        """All of it.

        Raises:
            XSimError: what was raised over the first part that could not be read.
        """
        for error in self.failures.values():
            raise error
        assert self.photos is not None
        assert self.video is not None and self.unit is not None  # noqa: PT018
        notes = [note for said in self.notes.values() for note in said]
        more = self.photo_poses, self.track, self.camera_path, self.room, self.photo_names
        return Brought(self.mesh, self.photos, self.video, self.unit, notes, *more)


def read_parts(
    place: Path,
    *,
    mesh: Path | None,
    mesh_root: Path,
    photos: Path | None,
    poses: str | None = None,
    video: Path,
    depth_unit_m: float | None,
    track: tuple[Path, TrackSpec] | None = None,
    camera_path: Path | None = None,
    room: tuple[Path, RoomFileSpec, Path] | None = None,
    goes_on: bool = False,
    limits: Limits | None = None,
) -> Parts:
    """Read a capture's files in a process with limits.

    Args:
        place: an empty folder for the arrays; the answer's arrays are mapped from there.
        mesh: as ``read_mesh`` takes it; None where the film gives it.
        mesh_root: likewise.
        photos: as ``read_photos`` takes it; None where there are none.
        poses: as ``read_posed_photos`` takes it; None where the photos' poses are not known.
        video: as ``read_video_and_unit`` takes it.
        depth_unit_m: likewise.
        track: as ``read_track`` takes it.
        camera_path: as ``read_camera_path`` takes it.
        room: as ``read_room`` takes it, and the folder of its textures.
        goes_on: read the other parts too where one cannot be read, and answer its failure.
        limits: of memory, time and file size; of this machine by default.

    Raises:
        BadInputError: when reading crashes, hangs or takes too much; and as the readers do, unless
            it goes on.
        MissingDependencyError: as the readers do, likewise.
    """
    named = {"mesh": mesh, "video": video, "photos": photos}
    files = {name: path for name, path in named.items() if path is not None}
    more: dict[str, Any] = {
        "mesh_root": str(mesh_root),
        "depth_unit_m": depth_unit_m,
        "poses": poses,
        "goes_on": goes_on,
    }
    if room is not None:
        files["room"] = room[0]
        more |= {"room_spec": room[1].model_dump(mode="json"), "room_root": str(room[2])}
    if camera_path is not None:
        files["camera_path"] = camera_path
    if track is not None:
        files["track"], more["track_spec"] = track[0], track[1].model_dump()
    a, said = read_in_child("capture", place, files, limits, more)
    return _parts(a, said, files.keys() - said["failures"].keys(), has_photos=photos is not None)


def _parts(
    a: dict[str, NDArray[Any]], said: dict[str, Any], has: set[str], *, has_photos: bool
) -> Parts:
    """What the child told, of the files that it could read."""
    film = _video(a, said["names"]) if "video" in has else None
    none = None if film is None or has_photos else np.zeros((0, *film.rgb.shape[1:]), np.uint8)
    return Parts(
        TexturedMesh.from_arrays(a, is_textured=said["is_textured"]) if "mesh" in has else None,
        a["photos"] if "photos" in has else none,
        film,
        DepthUnit(**said["unit"]) if film is not None else None,
        said["notes"],
        {name: failure_of(told) for name, told in said["failures"].items()},
        {n: a[f"photo_poses/{n}"] for n in ("T_given_cam", "K") if f"photo_poses/{n}" in a},
        GivenTrack(a["track_T"], a["track_has_pose"], said["track_frame"])
        if "track_T" in a
        else None,
        GivenPath.of(a["path_T"], a["path_has_pose"], said["camera_path"])
        if "path_T" in a
        else None,
        {n.removeprefix("room/"): v for n, v in a.items() if n.startswith("room/")},
        tuple(said.get("photo_names", ())),
    )


def _video(a: dict[str, NDArray[Any]], names: list[str] | None) -> RGBDVideo:
    frames = a.get("source_frames")
    told = tuple(names) if names else None
    return RGBDVideo(a["rgb"], a["depth_mm"], a["timestamps_s"], a["K"], frames, told)


def read_world_apart(
    place: Path, *, spec: Path, mesh: Path, limits: Limits | None = None
) -> tuple[dict[str, NDArray[Any]], str]:
    """A world's ``spec_json`` (b,) with its mesh's ``vertices``, … ``texture``; and its name.

    Args:
        place: as above.
        spec: as ``read_world_spec`` takes it.
        mesh: as ``read_mesh`` takes it.
        limits: as above.

    Raises:
        BadInputError: as above.
    """
    arrays, said = read_in_child("world", place, {"spec": spec, "mesh": mesh}, limits)
    return arrays, said["name"]


def read_truth_apart(
    place: Path, *, truth: Path, limits: Limits | None = None
) -> dict[str, NDArray[Any]]:
    """The arrays of a ``truth.npz`` by name.

    Args:
        place: as above.
        truth: as ``read_truth`` takes it.
        limits: as above.

    Raises:
        BadInputError: as above.
    """
    return read_in_child("truth", place, {"truth": truth}, limits)[0]


def look_in_child(
    look: str, place: Path, folder: Path, *, limits: Limits | None = None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What a function finds in a folder: a frame of its film, and facts as plain values.

    Args:
        look: ``package:function`` of the folder, which answers a model and an image or None.
        place: as above.
        folder: to look at.
        limits: as above.

    Raises:
        BadInputError: as above.
    """
    arrays, said = read_in_child("look", place, {"folder": folder}, limits, {"look": look})
    return arrays, said["facts"]
