"""The process that reads foreign files: it gets limits first, and then parses.

``python -m xsim_core.capture.readers.child REQUEST`` writes arrays and ``result.json`` into the
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

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import XSimError
from xsim_core.named import named
from xsim_core.windows import arrays_below, save

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
        result = {"error": {"kind": type(error).__name__, "message": str(error)}}
    draft = out / f".{RESULT_FILE}"
    draft.write_text(json.dumps(result), encoding="utf-8")
    draft.replace(out / RESULT_FILE)


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
    from . import read_mesh, read_video_and_unit
    from .tracks.of_film import read_track
    from .tracks.spec import TrackSpec

    notes: list[str] = []
    mesh = read_mesh(begin("mesh"), notes, root=Path(request["mesh_root"]))
    photos, poses = _photos(request, begin, notes)
    video, unit = read_video_and_unit(begin("video"), notes, depth_unit_m=request["depth_unit_m"])
    if photos is None:
        photos = np.zeros((0, *video.rgb.shape[1:]), np.uint8)
    arrays = {
        **mesh.arrays, "photos": photos, "rgb": video.rgb, "depth_mm": video.depth_mm,
        "K": video.K, "timestamps_s": video.timestamps_s, **poses,
    }  # fmt: skip
    if video.source_frames is not None:
        arrays["source_frames"] = video.source_frames
    said: dict[str, Any] = {}
    if "track" in request:
        spec = TrackSpec.model_validate(request["track_spec"])
        track = read_track(begin("track"), spec, video, notes)
        arrays |= {"track_T": track.T_frame_object, "track_has_pose": track.has_pose}
        said["track_frame"] = track.frame
    said |= {"notes": notes, "is_textured": mesh.is_textured, "names": video.names}
    return arrays, {**said, "unit": asdict(unit)}


def _photos(
    request: dict[str, Any], begin: Begin, notes: list[str]
) -> tuple[NDArray[np.uint8] | None, Arrays]:
    """The photos, if there are any, and what came with them of their poses."""
    from . import read_photos
    from .posed.posed_photos import read_posed_photos

    if "photos" not in request:
        return None, {}
    if request["poses"] is None:
        return read_photos(begin("photos"), notes), {}
    posed = read_posed_photos(begin("photos"), request["poses"], notes)
    poses = {"photo_poses/T_given_cam": posed.T_given_cam, "photo_poses/K": posed.K}
    return posed.images, poses


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


READ = {"capture": _capture, "world": _world, "truth": _truth, "look": _look}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
