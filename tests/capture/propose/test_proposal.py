"""capture/propose/proposal.py, place.py, missing.py: what is chosen, why, and what is missing."""

import yaml

from xsim_core.capture.layout import CaptureFile, read_capture_file
from xsim_core.capture.propose import propose
from xsim_core.capture.propose.text import capture_text
from xsim_core.capture.recognise.facts import (
    CameraPath,
    CameraPose,
    Facts,
    Film,
    FirstBox,
    Found,
    Mesh,
    Photos,
    SeenMarkers,
    TagLayout,
)

FILM = Film(path="a/b", what="a film", num_frames=9, image_wh=(640, 480))
WHOLE = Facts(
    name="lab",
    films=(FILM, Film(path="a/c.bag", what="a recording, not opened", is_read=False)),
    photos=(Photos(path="phone", what="9 pictures", num_photos=9),),
    meshes=(Mesh(path="x/red_mug/mesh.obj", what="a mesh", is_coloured=True),),
    box=FirstBox(frame=3, box_xyxy=(1.0, 2.0, 30.0, 40.0), source="the mask m.png"),
)
BOARD = SeenMarkers(
    dictionary="DICT_4X4_50", ids=tuple(range(12)), where="4 of 4 photos looked at",
    squares_xy=(6, 4), square_m=0.0451,
)  # fmt: skip


def text_of(facts):
    return capture_text(propose(facts).lines)


def uncommented(text, key):
    """The text with the commented block of a key made active."""
    rows, taking, out = text.splitlines(), False, []
    for row in rows:
        taking = row.startswith(f"# {key}:") or (taking and row.startswith("#  "))
        out.append(row[2:] if taking else row)
    return "\n".join(out)


def test_what_is_whole_is_ready_and_every_choice_is_explained():
    proposal = propose(WHOLE)
    assert proposal.is_ready
    assert [item.what for item in proposal.missing] == [
        "where the robot stands",
        "a board whose place is known in the photos",
    ]
    text = text_of(WHOLE)
    assert yaml.safe_load(text) == proposal.values
    file = CaptureFile.model_validate(proposal.values)
    assert (file.name, file.object_name, file.video) == ("lab", "red_mug", "a/b")
    assert (file.init_frame, file.init_box_xyxy) == (3, (1.0, 2.0, 30.0, 40.0))
    assert "# also there: a/c.bag (a recording, not opened)\nvideo: a/b\n" in text
    assert "# around the mask m.png" in text
    blocks = text.split("\n\n")[1:]
    assert all(block.startswith("# ") for block in blocks)


def test_a_file_with_a_gap_is_refused_for_just_that_gap(tmp_path):
    facts = WHOLE.model_copy(update={"box": None})
    assert not propose(facts).is_ready
    (tmp_path / "capture.yaml").write_text(text_of(facts))
    assert not read_capture_file(tmp_path).is_boxed
    filled = uncommented(text_of(facts), "init_box_xyxy")
    (tmp_path / "capture.yaml").write_text(filled)
    assert read_capture_file(tmp_path).init_box_xyxy == (230, 146, 308, 214)


def test_a_box_that_the_film_tells_is_not_written_down_but_shown():
    box = FirstBox(frame=2, box_xyxy=(1.0, 2.0, 30.0, 40.0), source="it", is_found=True)
    facts = WHOLE.model_copy(update={"box": box})
    proposal = propose(facts)
    assert proposal.is_ready
    assert "init_box_xyxy" not in proposal.values
    assert proposal.values["init_frame"] == 2
    filled = yaml.safe_load(uncommented(text_of(facts), "init_box_xyxy"))
    assert filled["init_box_xyxy"] == [1, 2, 30, 40]


def test_why_the_film_does_not_tell_is_said():
    facts = WHOLE.model_copy(update={"box": None, "no_box": "two things move"})
    (missing,) = [item for item in propose(facts).missing if item.is_needed]
    assert missing.costs.endswith(": two things move")
    assert "# two things move" in text_of(facts)


def test_a_board_that_is_seen_is_written_out_to_be_filled_in():
    facts = WHOLE.model_copy(update={"markers": BOARD})
    text = text_of(facts)
    assert "# a 6x4 ChArUco board is seen" in text
    filled = yaml.safe_load(uncommented(text, "board").replace("world: table", ""))
    board = CaptureFile.model_validate(filled).board
    assert (board.squares_x, board.squares_y, board.square_m) == (6, 4, 0.0451)
    assert "say in `board:`" in propose(facts).missing[0].how


def test_tags_with_a_layout_and_tags_alone_are_written_out_too():
    seen = BOARD.model_copy(update={"squares_xy": None, "ids": (7, 11)})
    layout = TagLayout(path="board_mm.json", what="where tags lie", num_tags=36, size_m=0.05)
    for found, check in (
        ({"tag_layouts": (layout,)}, lambda b: b.layout == "board_mm.json"),
        ({}, lambda b: b.tags[0].id == 7),
    ):
        facts = WHOLE.model_copy(update={"markers": seen, **found})
        filled = yaml.safe_load(uncommented(text_of(facts), "board").replace("world: table", ""))
        board = CaptureFile.model_validate(filled).board
        assert board.dictionary == "DICT_4X4_50"
        assert check(board)


def test_a_cameras_pose_is_named_with_its_direction_and_a_faulty_one_said():
    bad = CameraPose(path="a.txt", what="a pose", fault="makes the table lean by 70°")
    good = CameraPose(path="b.json", what="a pose", key="cam", maps="base_to_camera")
    facts = WHOLE.model_copy(update={"camera_poses": (bad, good)})
    proposal = propose(facts)
    camera = CaptureFile.model_validate(proposal.values).camera
    assert (camera.matrix, camera.key, camera.maps) == ("b.json", "cam", "base_to_camera")
    assert "makes the table lean by 70°" in text_of(facts)
    assert not any(item.what == "where the robot stands" for item in proposal.missing)


def test_what_lacks_is_told_with_its_cost_and_how_it_is_had():
    missing = propose(Facts(name="x", photos=WHOLE.photos)).missing
    needed = [item.what for item in missing if item.is_needed]
    assert needed == ["an RGB-D video"]
    assert any(i.what == "the object's mesh" and "is a guess" in i.costs for i in missing)
    proposal = propose(WHOLE.model_copy(update={"photos": ()}))
    assert proposal.is_ready
    assert proposal.values["room"] == "film"
    assert any("from its one place" in item.costs for item in proposal.missing)
    assert all(item.costs and item.how for item in missing)
    grey = Mesh(path="m.stl", what="a mesh")
    missing = propose(WHOLE.model_copy(update={"meshes": (grey,)})).missing
    assert any("grey" in item.costs and "m.stl" in item.how for item in missing)
    hand_eye = WHOLE.model_copy(update={"hand_eye": (Found(path="calib", what="20 pictures"),)})
    assert any("pictures in calib" in item.how for item in propose(hand_eye).missing)


def test_without_a_mesh_the_film_gives_it():
    proposal = propose(WHOLE.model_copy(update={"meshes": ()}))
    assert proposal.is_ready
    assert proposal.values["mesh"] == "film"
    assert not propose(Facts(name="x")).is_capture


def test_names_from_outside_stay_in_their_comment():
    odd = Mesh(path="a\nname: b/mesh.obj", what="a mesh\nvideo: c", is_coloured=True)
    facts = WHOLE.model_copy(update={"meshes": (odd,)})
    assert yaml.safe_load(text_of(facts)) == propose(facts).values


def test_a_room_that_was_brought_is_offered_with_what_only_a_person_knows():
    rooms = (Found(path="scan/point_cloud.ply", what="Gaussians of a room"),)
    text = text_of(WHOLE.model_copy(update={"rooms": rooms}))
    assert "room" not in yaml.safe_load(text)
    room = CaptureFile.model_validate(yaml.safe_load(uncommented(text, "room"))).room
    assert (room.file, room.metres_per_unit) == ("scan/point_cloud.ply", 1.0)


def test_a_path_that_came_with_the_film_is_taken_and_explained():
    path = CameraPath(path="gt.txt", what="a TUM trajectory: 9 of 9", num_poses=9, moves_m=0.4)
    still = path.model_copy(update={"moves_m": 0.0})
    text = text_of(WHOLE.model_copy(update={"camera_paths": (path,)}))
    assert CaptureFile.model_validate(yaml.safe_load(text)).camera_path.file == "gt.txt"
    assert "the film checks it" in " ".join(text.replace("#", "").split())
    assert "camera_path" not in text_of(WHOLE.model_copy(update={"camera_paths": (still,)}))
