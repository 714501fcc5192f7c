"""Where the robot stands: what of it was found, and what is to be filled in."""

from typing import Any

from xsim_core.capture.recognise.facts import CameraPose, Facts, SeenMarkers, TagLayout

from .text import Line, dumped

TO_FILL = "T_world_board:  # where the sheet's lower-left corner lies in the robot's frame"
A_GUESS = (
    "nothing found says where the robot stands: the origin is put on the table under the object, "
    "and simulation takes the robot's base for it. With a board, tags or `camera` remove this line"
)
ROWS = ("- [0.0, -1.0, 0.0, 0.70]", "- [1.0, 0.0, 0.0, -0.10]", "- [0.0, 0.0, 1.0, 0.001]")


def place_lines(facts: Facts) -> tuple[Line, ...]:
    """``camera`` where a pose was found, else ``world: table``; and a board to fill in.

    A path of a camera that moves stands before them.
    """
    board = (*_path(facts), *_board(facts))
    camera = next((c for c in facts.camera_poses if c.is_usable), None)
    faults = tuple(f"{c.path}: {c.fault}" for c in facts.camera_poses if c.fault)
    if camera is not None:
        return (Line("camera", _camera_value(camera), (*_camera_why(camera), *faults)), *board)
    return (Line("world", "table", (A_GUESS, *faults)), *board)


def _path(facts: Facts) -> tuple[Line, ...]:
    """``camera_path`` where one was found that moves."""
    usable = [p for p in facts.camera_paths if p.is_usable and p.moves_m > 0]
    faults = tuple(f"{p.path}: {p.fault}" for p in facts.camera_paths if p.fault)
    if not usable:
        return ()
    first, *others = usable
    also = tuple(f"also there: {p.path} ({p.what})" for p in others[:3])
    what = (
        f"where the camera was in each frame: {first.what}; the film checks it, and tells what "
        "the file leaves open (maps, axes, metres_per_unit). Without this line the room that is "
        "seen tells the path. `world: file` takes the file's own frame for the robot's"
    )
    return (Line("camera_path", first.path, (what, *first.notes, *also, *faults)),)


def _camera_value(camera: CameraPose) -> Any:
    more = {"key": camera.key} if camera.key else {}
    if camera.maps != "camera_to_base":
        more["maps"] = camera.maps
    return {"matrix": camera.path, **more} if more else camera.path


def _camera_why(camera: CameraPose) -> tuple[str, ...]:
    checked = (
        "with it the table in the video is level"
        if camera.is_checked
        else "not checked: no table was seen"
    )
    return (
        f"the video camera's pose in the robot's frame: {camera.what}; {checked}",
        *camera.notes,
    )


def _board(facts: Facts) -> tuple[Line, ...]:
    seen, layout = facts.markers, next(iter(facts.tag_layouts), None)
    if seen is None and layout is None:
        return ()
    if seen is not None and seen.squares_xy is not None:
        return (_charuco(seen),)
    return (_tags(seen, layout),)


def _charuco(seen: SeenMarkers) -> Line:
    columns, rows = seen.squares_xy or (0, 0)
    square_m = seen.square_m or 0.045
    measured = "as depth measures it: measure the print" if seen.square_m else "measure the print"
    board = [
        "board:",
        "  kind: charuco",
        f"  squares_x: {columns}",
        f"  squares_y: {rows}",
        f"  square_m: {square_m:g}  # {measured}",
        f"  marker_m: {round(seen.marker_share * square_m, 4):g}  # measure this too",
        f"  dictionary: {seen.dictionary}",
        "  touched:  # metres in the robot's frame: bring its tip to three outer corners",
        "    lower_left: [0.700, -0.100, 0.001]",
        "    lower_right: [0.700, 0.170, 0.001]",
        "    upper_left: [0.520, -0.100, 0.001]",
    ]
    why = (
        f"a {columns}x{rows} ChArUco board is seen ({seen.where}); it says where the robot stands, "
        "and how large the room of the photos is, once you say where it lies"
    )
    return Line("board", None, (why,), "\n".join(board))


def _tags(seen: SeenMarkers | None, layout: TagLayout | None) -> Line:
    said = [] if layout is None else [f"{layout.path} says {layout.what}"]
    if seen is not None:
        ids = ", ".join(map(str, seen.ids[:12])) + (" …" if len(seen.ids) > 12 else "")
        said.append(f"tags {ids} of {seen.dictionary} are seen ({seen.where})")
    board: dict[str, Any] = {"kind": "tags"}
    if seen is not None:
        board["dictionary"] = seen.dictionary
    board["size_m"] = 0.05 if layout is None else layout.size_m
    if layout is not None:
        board["layout"] = layout.path
        places = [f"  {TO_FILL}", *(f"  {row}" for row in (*ROWS, "- [0.0, 0.0, 0.0, 1.0]"))]
    else:
        first = seen.ids[0] if seen is not None and seen.ids else 0
        T = "[[1, 0, 0, 0.40], [0, 1, 0, 0.10], [0, 0, 1, 0], [0, 0, 0, 1]]"
        places = [
            "  tags:  # each seen tag whose place you know",
            f"  - {{id: {first}, T_board_tag: {T}}}",
        ]
    text = dumped({"board": board}).rstrip("\n")
    why = ("; ".join(said), "they say where the robot stands once you say where they lie")
    return Line("board", None, why, "\n".join([text, *places]))
