"""flows/cli/capture/record.py: a film in the capture's place, and what to type next."""

import numpy as np
import pytest

from flows.cli.capture.record import CaptureRecord
from tests.robots.cameras.software import Film, SoftwareRealSense
from tests.waiting import PATIENCE_S
from xsim_core.errors import BadInputError
from xsim_core.robots.cameras import record


def test_a_film_lies_where_a_capture_has_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(record, "SILENCE_S", PATIENCE_S)
    soft = SoftwareRealSense()
    rgb, depth = np.full((120, 160, 3), 90, np.uint8), np.full((120, 160), 800, np.uint16)
    film = Film(lambda: soft.show(rgb, depth))
    try:
        command = CaptureRecord(str(tmp_path / "mug"), seconds=0.5, countdown_s=0.5)
        told = command.filmed(soft.device)
    finally:
        film.stop()
    assert told["recording"] == str(tmp_path / "mug/video/recording.db3")
    assert (tmp_path / "mug/video/recording.db3").stat().st_size > 1000
    assert min(int(told["colour"]), int(told["depth"])) > 0
    assert told["next"] == f"xsim capture init {tmp_path / 'mug'}"
    said = capsys.readouterr().err
    assert "recording 0.5 s" in said
    assert "offers no exposure to lock" in said


def test_without_a_camera_nothing_is_made(tmp_path):
    with pytest.raises(BadInputError, match="no RealSense is connected"):
        CaptureRecord(str(tmp_path / "mug")).run()
    assert not (tmp_path / "mug").exists()
