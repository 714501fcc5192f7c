"""A RealSense through librealsense's software device: pairs, alignment, lens, times, loss."""

import time

import cv2
import numpy as np
import pytest

from tests.waiting import PATIENCE_S, until
from xsim_core.capture.readers.folders.alignment import align_depth
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3
from xsim_core.robots.cameras import realsense
from xsim_core.robots.cameras.camera import CameraLostError
from xsim_core.robots.cameras.realsense import RealSenseCamera

from .software import Film, K, SoftwareRealSense

HW = (120, 160)
V, U = np.mgrid[: HW[0], : HW[1]]
SLOPE = (700 + U + 2 * V).astype(np.uint16)
PAINT = np.stack([U, V, U + V], axis=-1).astype(np.uint8)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Whoever looks may be held up, and so may whoever shows."""
    monkeypatch.setattr(realsense, "SILENCE_S", PATIENCE_S)
    monkeypatch.setattr(realsense, "FIRST_S", PATIENCE_S)


def connected(soft, show):
    """The camera, what it says, and the film that goes on."""
    camera = RealSenseCamera(device=soft.device)
    film = Film(show)
    try:
        return camera, camera.connect(), film
    except BaseException:
        film.stop()
        raise


def test_pictures_come_with_their_depth_and_their_time():
    soft = SoftwareRealSense()
    camera, info, film = connected(soft, lambda: soft.show(PAINT, SLOPE))
    try:
        np.testing.assert_array_equal(info.camera.K, K)
        assert (info.camera.width, info.camera.height, info.has_depth) == (160, 120, True)
        assert "the camera's own clock" in info.times
        frame = camera.frame()
        np.testing.assert_array_equal(frame.rgb, PAINT)
        np.testing.assert_array_equal(frame.depth_mm, SLOPE)
        # The software device's clock is this machine's here: what was added is what it took.
        assert 0 <= time.monotonic() - frame.time_s < PATIENCE_S
        seen = [frame]
        while len(seen) < 5:
            seen.append(until(lambda: (f := camera.frame()) is not seen[-1] and f))
        times = [f.time_s for f in seen]
        assert times == sorted(times)
    finally:
        film.stop()
        camera.close()


def test_each_colour_gets_the_depth_of_its_own_time():
    soft, count = SoftwareRealSense(), iter(range(1, 10_000))

    def show():
        # Depth runs 7 ms behind, as a sensor of its own does; both say how many they are.
        n, now_s = next(count), time.monotonic()
        soft.show(
            np.full((*HW, 3), n % 200, np.uint8),
            np.full(HW, 1000 + n % 200, np.uint16),
            time_s=now_s,
            depth_time_s=now_s - 0.007,
        )

    camera, _, film = connected(soft, show)
    try:
        for _ in range(10):
            frame = camera.frame()
            assert int(frame.depth_mm[60, 80]) == 1000 + int(frame.rgb[60, 80, 0])
            time.sleep(0.02)
    finally:
        film.stop()
        camera.close()


def test_depth_from_beside_is_brought_into_the_colour_camera():
    soft = SoftwareRealSense(beside_m=0.015)
    camera, _, film = connected(soft, lambda: soft.show(PAINT, SLOPE))
    try:
        depth = camera.frame().depth_mm
    finally:
        film.stop()
        camera.close()
    ours = align_depth(SLOPE, K, K, make_se3(np.eye(3), [0.015, 0, 0]), HW)
    both = (depth > 0) & (ours > 0)
    assert both.mean() > 0.9
    assert np.abs(depth[both].astype(int) - ours[both]).max() <= 5


def test_a_lens_is_undone_as_for_recordings():
    bent = (0.12, -0.05, 0.002, -0.001, 0.0)
    soft = SoftwareRealSense(coefficients=bent, has_depth=False)
    lookup, shift_px = Lens.of("brown_conrady", bent, "here").lookup(K, (160, 120))
    assert shift_px > 1
    camera, info, film = connected(soft, lambda: soft.show(PAINT))
    try:
        assert not info.has_depth
        frame = camera.frame()
    finally:
        film.stop()
        camera.close()
    assert frame.depth_mm is None
    np.testing.assert_array_equal(frame.rgb, cv2.remap(PAINT, lookup, None, cv2.INTER_LINEAR))


def test_another_depth_unit_is_millimetres_here():
    soft = SoftwareRealSense(unit_m=0.0001)
    camera, _, film = connected(soft, lambda: soft.show(PAINT, 10 * SLOPE))
    try:
        np.testing.assert_array_equal(camera.frame().depth_mm, SLOPE)
    finally:
        film.stop()
        camera.close()


def test_a_camera_that_falls_silent_is_lost_and_says_so(monkeypatch):
    soft = SoftwareRealSense()
    camera, _, film = connected(soft, lambda: soft.show(PAINT, SLOPE))
    film.stop()
    monkeypatch.setattr(realsense, "SILENCE_S", 0.2)
    time.sleep(0.4)
    with pytest.raises(CameraLostError, match="sent no picture for"):
        camera.frame()
    camera.close()
    camera.close()


def test_one_that_never_shows_anything_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(realsense, "FIRST_S", 0.2)
    soft = SoftwareRealSense()
    # Colour alone: half of what it promised.
    with pytest.raises(CameraLostError, match="no pair of pictures within"):
        connected(soft, lambda: soft.show(PAINT))


def test_without_one_it_says_what_to_do():
    with pytest.raises(BadInputError, match="no RealSense is connected"):
        RealSenseCamera().connect()
