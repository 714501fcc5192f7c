"""flows/cli/capture/init.py: what the command prints, and its exit code."""

import json

import pytest

from flows.cli.capture.init import CaptureInit
from tests.capture.recognise.folders import lab_folder
from xsim_core.capture.layout import read_capture_file
from xsim_core.errors import BadInputError


def test_a_whole_folder_is_ready_and_its_file_is_read(tmp_path, capsys):
    lab = lab_folder(tmp_path / "lab", camera="cam2base.txt")
    assert CaptureInit(str(lab)).run() == 0
    said = capsys.readouterr().out
    assert f"recognised in {lab}:" in said
    assert "video              session 3/take1: an RGB-D folder: 4 frames of 400x300" in said
    assert f"ready. Look at the file, then: xsim capture check {lab}" in said
    assert read_capture_file(lab).camera.matrix == "cam2base.txt"
    with pytest.raises(BadInputError, match="is not touched"):
        CaptureInit(str(lab)).run()


def test_what_is_missing_is_the_exit_code_and_is_listed_for_programs(tmp_path, capsys):
    lab = lab_folder(tmp_path / "lab", mask=False, photos=False)
    file = tmp_path / "elsewhere.yaml"
    assert CaptureInit(str(lab), to=str(file), json=True).run() == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ready"] is False
    assert said["file"] == str(file)
    assert not (lab / "capture.yaml").exists()
    assert [m["what"] for m in said["missing"] if m["is_needed"]] == [
        "init_box_xyxy, a box around the object"
    ]
    assert {r["kind"] for r in said["recognised"]} == {"video", "mesh", "intrinsics"}


def test_a_folder_of_nothing_gets_no_file(tmp_path, capsys):
    assert CaptureInit(str(tmp_path)).run() == 1
    assert "no capture.yaml was written" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
