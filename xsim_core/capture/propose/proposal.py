"""A ``capture.yaml`` for what was found: each choice with its reasons, and what is missing."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from xsim_core.capture.layout import FROM_FILM
from xsim_core.capture.recognise.facts import Facts, Found

from .missing import Missing, missing_of
from .place import place_lines
from .text import Line, dumped

NO_NAMES = (
    "mesh", "model", "object", "textured", "textured_simple", "untitled", "scan", "meshes",
    "models", "visual",
)  # fmt: skip
"""Files and folders called so do not say what the object is."""
MAX_OTHERS = 4


@dataclass(frozen=True)
class Proposal:
    """What would be written, and what would be missing then."""

    lines: tuple[Line, ...]
    missing: tuple[Missing, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing that a capture cannot be without."""
        return not any(item.is_needed for item in self.missing)

    @property
    def is_capture(self) -> bool:
        """Whether any part of one was found."""
        found = {key for key, value in self.values.items() if value != FROM_FILM}
        return not {"video", "photos", "mesh"}.isdisjoint(found)

    @property
    def values(self) -> dict[str, Any]:
        """The file's content."""
        return {line.key: line.value for line in self.lines if line.value is not None}


def propose(facts: Facts) -> Proposal:
    """Choose among what was found."""
    lines = (
        Line("name", facts.name, ("the folder's name",)),
        _object_name(facts),
        _line(
            "video",
            facts.films,
            "no video was found: a RealSense or ROS recording, or a folder with rgb/ and depth/",
            "video/recording.db3",
        ),
        *_room(facts),
        *_mesh(facts),
        *place_lines(facts),
        *_box(facts),
        *_track(facts),
    )
    return Proposal(lines, missing_of(facts))


def _object_name(facts: Facts) -> Line:
    mesh = next((m for m in facts.meshes if m.is_usable), None)
    names = [] if mesh is None else [PurePosixPath(mesh.path).stem, *_folders_up(mesh.path)]
    told = next((name for name in names if name.lower() not in NO_NAMES), None)
    if told is None:
        return Line("object_name", "object", ("no file says what the object is: name it here",))
    return Line("object_name", told, (f"as {mesh.path if mesh else ''} is called",))


def _room(facts: Facts) -> tuple[Line, ...]:
    """The photos; without any the film gives the room."""
    lacking = "no photos of the room were found: 30 to 60, without person and object"
    photos = _line("photos", facts.photos, lacking, "photos")
    brought = _brought_room(facts)
    if photos.value is not None:
        return (photos, *brought)
    why = "without photos the video gives the room that it saw; with some, remove this line"
    return (photos, Line("room", "film", (why,)), *brought)


def _brought_room(facts: Facts) -> tuple[Line, ...]:
    """A room that was reconstructed elsewhere, whose pose only a person knows."""
    if not facts.rooms:
        return ()
    first, *others = facts.rooms
    why = (
        f"{first.path}: {first.what}; it can be the room in place of photos and film, once you say "
        "where its frame lies in the robot's (and its unit, as metres_per_unit); the film's depth "
        "checks it"
    )
    also = tuple(f"also there: {item.path} ({item.what})" for item in others[:MAX_OTHERS])
    rows = "[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]"
    text = f"{dumped({'room': {'file': first.path}})}  T_world_room: {rows}"
    return (Line("room", None, (why, *also), text),)


def _mesh(facts: Facts) -> tuple[Line, ...]:
    """The object's mesh; without any the film gives it."""
    mesh = _line("mesh", facts.meshes, "no mesh of the object was found", "object/mesh.obj")
    if mesh.value is not None:
        return (mesh,)
    why = "so it is made from the video, and what that never shows is a guess; a scan is better"
    return (Line("mesh", FROM_FILM, (*mesh.why, why)),)


def _folders_up(path: str) -> list[str]:
    return [part for part in reversed(PurePosixPath(path).parts[:-1]) if part != "."]


def _line(key: str, found: tuple[Found, ...], lacking: str, example: str) -> Line:
    """The first that can be used, what it is, and what else there was."""
    usable = [item for item in found if item.is_usable]
    faults = tuple(f"{item.path}: {item.fault}" for item in found if item.fault)
    if not usable:
        return Line(key, None, (lacking, *faults), f"{key}: {example}")
    first = usable[0]
    others = [item for item in found if item is not first and not item.fault]
    also = tuple(f"also there: {item.path} ({item.what})" for item in others[:MAX_OTHERS])
    more = (f"and {len(others) - MAX_OTHERS} more",) if len(others) > MAX_OTHERS else ()
    return Line(key, first.path, (first.what, *first.notes, *also, *more, *faults[:MAX_OTHERS]))


def _box(facts: Facts) -> tuple[Line, Line]:
    if facts.box is None:
        return (
            Line("init_frame", 0, ("the frame in which the object is boxed: a free, sharp look",)),
            Line(
                "init_box_xyxy",
                None,
                (
                    "nothing found says where the object is in that frame: `xsim capture annotate` "
                    "lets you draw it in the browser. Or read it off init_frame.png, whose grid "
                    "counts pixels: left, top, right, bottom; or write `click: [u, v]`, a pixel on "
                    "it"
                    if facts.films
                    else "left, top, right, bottom of the object in that frame, in pixels",
                    *([facts.no_box] if facts.no_box else []),
                ),
                "init_box_xyxy: [230, 146, 308, 214]",
            ),
        )
    why = (f"around {facts.box.source}; init_frame.png shows it",)
    if facts.box.is_found:
        said = (*why, "left out, it is found so when the capture is taken in; draw another here")
        example = dumped({"init_box_xyxy": list(facts.box.box_xyxy)})
        frame = Line("init_frame", facts.box.frame, ("a frame in which the object stands free",))
        return frame, Line("init_box_xyxy", None, said, example)
    if facts.box.is_guess:
        why = (*why, "a guess: look at the picture, and correct it here if it is another thing")
    return (
        Line("init_frame", facts.box.frame, ("the frame of that box",)),
        Line("init_box_xyxy", list(facts.box.box_xyxy), why),
    )


def _track(facts: Facts) -> tuple[Line, ...]:
    """Somebody's track, to be taken in place of our own."""
    track = next((poses.track for poses in facts.object_poses if poses.track), None)
    if track is None:
        return ()
    why = (
        "poses of the object in the film: with this line, and `xsim run … --set "
        "pose_track.backend=file`, they are taken in place of our own tracking"
    )
    return (Line("track", None, (why,), dumped({"track": {"file": track, "frame": "camera"}})),)
