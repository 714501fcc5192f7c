"""A film recorded from librealsense's software device is a capture's video."""

import numpy as np
import pytest
from PIL import Image

from tests.waiting import PATIENCE_S
from xsim_core.capture.readers import read_video
from xsim_core.errors import BadInputError
from xsim_core.robots.cameras import record as module
from xsim_core.robots.cameras.camera import CameraLostError
from xsim_core.robots.cameras.record import Wish, record

from .software import Film, K, SoftwareRealSense

HW = (120, 160)
V, U = np.mgrid[: HW[0], : HW[1]]
DEPTH = (700 + U + 2 * V).astype(np.uint16)


class Scene:
    """Frames that count; how bright they are follows the camera's automatic exposure."""

    def __init__(self, soft, dark=40):
        self.soft, self.count, self.dark = soft, 0, dark
        rs = soft.rs
        self.sensor = soft._sensors["Color"]
        self.option = rs.option.enable_auto_exposure
        self.sensor.add_option(self.option, rs.option_range(0, 1, 1, 1), True)
        self.sensor.set_option(self.option, 1)

    def show(self):
        self.count += 1
        level = 120 if self.sensor.get_option(self.option) else self.dark
        rgb = np.full((*HW, 3), level, np.uint8)
        rgb[0, 0] = self.count % 256
        depth = DEPTH.copy()
        depth[0, 0] = 1 + self.count
        self.soft.show(rgb, depth)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(module, "SILENCE_S", PATIENCE_S)


def filmed(path, *, dark, **wish):
    scene = Scene(SoftwareRealSense(), dark)
    film, said = Film(scene.show), []
    try:
        made = record(path, Wish(**wish), device=scene.soft.device, say=said.append)
    finally:
        film.stop()
    return made, said, scene


def test_what_is_recorded_is_read_as_a_capture_s_video(tmp_path):
    path, preview = tmp_path / "video" / "recording.db3", tmp_path / "preview.png"
    made, said, scene = filmed(path, dark=118, seconds=1.5, countdown_s=1.2, preview=preview)
    assert scene.sensor.get_option(scene.option) == 0
    assert made.notes == []
    assert said == ["2 …", "1 …", "recording 1.5 s"]
    assert [p.name for p in path.parent.iterdir()] == ["recording.db3"]
    with Image.open(preview) as shown:
        assert shown.size == (2 * HW[1], HW[0])
    video = read_video(path)
    np.testing.assert_allclose(video.K, K)
    # Both streams' numbers: what came before the countdown's end is not in the film.
    numbers = video.depth_mm[:, 0, 0].astype(int) - 1
    assert numbers[0] > 3
    assert (np.diff(numbers) > 0).all()
    np.testing.assert_array_equal(video.rgb[:, 0, 0, 0], numbers % 256)
    np.testing.assert_array_equal(video.depth_mm[0, 1:], DEPTH[1:])
    assert (video.rgb[:, 1:] == 118).all()
    assert 2 <= len(video.rgb) <= made.num_colour + 4


def test_an_exposure_that_would_jump_stays_automatic_and_that_is_said(tmp_path):
    made, _, scene = filmed(tmp_path / "a.db3", dark=40, seconds=0.4, countdown_s=0.4)
    assert scene.sensor.get_option(scene.option) == 1
    assert "jumped from 120 to 40 of 255 when locked: exposure stays automatic" in made.notes[0]
    with pytest.raises(BadInputError, match=r"a\.db3 is there already"):
        record(tmp_path / "a.db3", Wish(1.0), device=scene.soft.device)


def test_a_camera_that_falls_silent_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SILENCE_S", 0.3)
    soft = SoftwareRealSense()
    with pytest.raises(CameraLostError, match="sent no picture"):
        record(tmp_path / "a.db3", Wish(2.0), device=soft.device, say=lambda _: None)
    with pytest.raises(BadInputError, match="no depth stream"):
        record(tmp_path / "b.db3", Wish(2.0), device=SoftwareRealSense(has_depth=False).device)
    with pytest.raises(BadInputError, match=r"records \.db3 files only"):
        record(tmp_path / "b.mp4", Wish(2.0), device=soft.device)
    assert list(tmp_path.iterdir()) == []
