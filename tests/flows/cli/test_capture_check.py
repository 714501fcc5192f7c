"""flows/cli/capture/check.py: a line a gate, and an exit code."""

import json

from flows.cli.capture.check import CaptureCheck
from tests.capture.place.films import film
from tests.capture.recognise.folders import lab_folder


def test_a_capture_that_can_be_taken_in_and_one_that_cannot(tmp_path, capsys):
    lab = lab_folder(tmp_path / "lab", photos=False)
    words = {"name": "lab", "object_name": "block", "video": "session 3/take1", "room": "film"}
    words |= {"mesh": "assets/red_block/mesh.obj", "world": "table"}
    words |= {"init_box_xyxy": list(film().box)}
    (lab / "capture.yaml").write_text(json.dumps(words))
    assert CaptureCheck(str(lab)).run() == 0
    said = capsys.readouterr().out
    assert "[ok     ] photos                        none: the film gives the room" in said
    assert "[warning] where the robot stands" in said
    assert f"xsim run {lab}" in said
    (lab / "capture.yaml").unlink()
    assert CaptureCheck(str(lab), json=True).run() == 1
    told = json.loads(capsys.readouterr().out)
    assert told["passes"] is False
    assert [row["status"] for row in told["gates"]] == ["refused"]
