"""The process that reads foreign files: it gets limits first, and then parses.

``python -m xsim_core.capture.readers.child < REQUEST`` writes arrays and ``result.json`` into the
request's folder. Whatever the bytes do to a parser, they do it here.
"""

import ctypes
import json
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import XSimError
from xsim_core.files.windows import arrays_below, save
from xsim_core.named import named

Arrays = Mapping[str, NDArray[Any]]
Begin = Callable[[str], Path]
"""Answers the path of that name in the request, and remembers that it is now being read."""

PR_SET_PDEATHSIG = 1
MAPPED_FILES = 4
"""Colour and depth as recorded, and as they are handed over."""
RESULT_FILE, DOING_FILE = "result.json", "doing"


def main(request: dict[str, Any]) -> None:
    """Read what the request names, within its limits.

    Args:
        request: ``what`` (a name of ``READ``), what that reads (paths by name), ``out`` (folder),
            ``memory_bytes``, ``file_bytes``, ``cpu_s``.
    """
    _limit(request)
    out = Path(request["out"])
    try:
        result = _read(request, out)
    except XSimError as error:
        result = {"error": told(error)}
    draft = out / f".{RESULT_FILE}"
    draft.write_text(json.dumps(result), encoding="utf-8")
    draft.replace(out / RESULT_FILE)


def told(error: XSimError) -> dict[str, str]:
    """An error as plain values."""
    return {"kind": type(error).__name__, "message": str(error)}


def _limit(request: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    memory, file = int(request["memory_bytes"]), int(request["file_bytes"])
    for kind, limit in (
        (resource.RLIMIT_DATA, memory),
        # Arrays lie in files that are mapped: addresses, but no memory.
        (resource.RLIMIT_AS, memory + MAPPED_FILES * file),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CPU, int(request["cpu_s"])),
    ):
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def _read(request: dict[str, Any], out: Path) -> dict[str, Any]:
    def begin(what: str) -> Path:
        # If this process dies, it is known over which file.
        (out / DOING_FILE).write_text(request[what], encoding="utf-8", errors="surrogateescape")
        return Path(request[what])

    with arrays_below(out):
        arrays, said = READ[request["what"]](request, begin)
    # By number: foreign names are no names of files.
    for i, values in enumerate(arrays.values()):
        save(out / f"{i}.npy", values)
    return {"arrays": list(arrays), **said}


def _capture(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    """Mesh, photos and video; where it goes on, those of them that can be read."""
    readers = {"mesh": _mesh, "photos": _photos, "room": _room, "video": _video, **OF_FILM}
    arrays: dict[str, NDArray[Any]] = {}
    said: dict[str, Any] = {}
    notes: dict[str, list[str]] = {}
    failures: dict[str, dict[str, str]] = {}
    for name, read in readers.items():
        if name not in request or (name in OF_FILM and "video" in failures):
            continue
        mine = notes.setdefault(name, [])
        try:
            read_arrays, more = read(begin(name), mine, {**request, **arrays, **said})
        except XSimError as error:
            if not request["goes_on"]:
                raise
            failures[name] = told(error)
            continue
        arrays |= read_arrays
        said |= more
    return arrays, {"notes": notes, "failures": failures, **said}


def _mesh(
    path: Path, notes: list[str], request: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    from . import read_mesh

    mesh = read_mesh(path, notes, root=Path(request["mesh_root"]))
    return dict(mesh.arrays), {"is_textured": mesh.is_textured}


def _photos(
    path: Path, notes: list[str], request: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The photos, and what came with them of their poses."""
    from .photos import read_named_photos
    from .posed.posed_photos import read_posed_photos

    if request["poses"] is None:
        photos, names = read_named_photos(path, notes)
        return {"photos": photos}, {"photo_names": names}
    posed = read_posed_photos(path, request["poses"], notes)
    poses = {"photo_poses/T_given_cam": posed.T_given_cam, "photo_poses/K": posed.K}
    return {"photos": posed.images, **poses}, {}


def _room(
    path: Path, notes: list[str], request: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """A room that was reconstructed elsewhere."""
    from xsim_core.capture.place.room_spec import RoomFileSpec

    from .rooms.read_room import read_room

    spec = RoomFileSpec.model_validate(request["room_spec"])
    room = read_room(path, spec, notes, root=Path(request["room_root"]))
    return {f"room/{name}": values for name, values in room.items()}, {}


def _video(
    path: Path, notes: list[str], request: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    from . import read_video_and_unit

    video, unit = read_video_and_unit(path, notes, depth_unit_m=request["depth_unit_m"])
    arrays: dict[str, NDArray[Any]] = {
        "rgb": video.rgb, "depth_mm": video.depth_mm, "K": video.K,
        "timestamps_s": video.timestamps_s,
    }  # fmt: skip
    if video.source_frames is not None:
        arrays["source_frames"] = video.source_frames
    return arrays, {"unit": asdict(unit), "names": video.names, "began_s": video.began_s}


def _film(given: dict[str, Any]) -> RGBDVideo:
    """The film that was read before."""
    return RGBDVideo(
        rgb=given["rgb"],
        depth_mm=given["depth_mm"],
        timestamps_s=given["timestamps_s"],
        K=given["K"],
        source_frames=given.get("source_frames"),
        names=given["names"],
        began_s=given["began_s"],
    )


def _track(
    path: Path, notes: list[str], given: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Somebody's track of that film."""
    from .tracks.of_film import read_track
    from .tracks.spec import TrackSpec

    spec = TrackSpec.model_validate(given["track_spec"])
    track = read_track(path, spec, _film(given), notes)
    found = {"track_T": track.T_frame_object, "track_has_pose": track.has_pose}
    return found, {"track_frame": track.frame}


def _camera_path(
    path: Path, notes: list[str], given: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The camera's path through that film."""
    from .camera_paths.of_film import read_camera_path

    found = read_camera_path(path, _film(given), notes)
    arrays = {"path_T": found.T, "path_has_pose": found.has_pose}
    return arrays, {"camera_path": found.about.model_dump()}


def _world(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    from . import read_mesh
    from .synthesised import read_world_spec

    spec, name = read_world_spec(begin("spec"))
    mesh = read_mesh(begin("mesh"))
    return {"spec_json": spec, **mesh.arrays}, {"name": name}


def _truth(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    from .synthesised import read_truth

    return read_truth(begin("truth")), {}


def _look(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    """What lies in a folder, by a function of a room above this one."""
    facts, frame = named(request["look"])(begin("folder"))
    arrays = {} if frame is None else {"frame": frame}
    return arrays, {"facts": facts.model_dump(mode="json")}


def _named(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    """What a function of a room above this one reads."""
    arrays, said = named(request["read"])(begin("folder"), request["options"])
    return arrays, said


def _many(request: dict[str, Any], begin: Begin) -> tuple[Arrays, dict[str, Any]]:
    """What a function of a room above this one reads of several files, each begun by its name."""
    arrays, said = named(request["read"])(begin, request["options"])
    return arrays, said


OF_FILM = {"track": _track, "camera_path": _camera_path}
"""What is of the film's frames, and needs them."""
READ = {
    "capture": _capture, "world": _world, "truth": _truth, "look": _look, "named": _named,
    "many": _many,
}  # fmt: skip


if __name__ == "__main__":
    main(json.load(sys.stdin))
