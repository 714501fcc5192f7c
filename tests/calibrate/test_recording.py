"""xsim_core/calibrate/recording.py: a recording kept in scratch is the recording."""

from pathlib import Path

import numpy as np
import pytest

from xsim_core.calibrate.recording import kept_episodes, load_episodes
from xsim_core.geometry import PinholeCamera
from xsim_core.world import RobotEpisodes


def recording(*, has_wide):
    rng, n = np.random.default_rng(0), 7
    K = np.array([[50.0, 0, 20], [0, 55.0, 15], [0, 0, 1]])
    return RobotEpisodes(
        rgb=rng.integers(0, 255, (n, 6, 8, 3), dtype=np.uint8),
        state=rng.random((n, 6), dtype=np.float32),
        action=rng.random((n, 3), dtype=np.float32),
        qpos=rng.random((n, 9), dtype=np.float32),
        episode_ends=np.array([3, 7]),
        T_world_cam=np.eye(4),
        camera=PinholeCamera(8, 6, K),
        rgbd_camera=PinholeCamera(16, 12, 2 * K),
        wide_rgb=rng.integers(0, 255, (n, 12, 16, 3), dtype=np.uint8) if has_wide else None,
        wide_depth_mm=rng.integers(0, 2000, (n, 12, 16), dtype=np.uint16) if has_wide else None,
    )


@pytest.mark.parametrize("has_wide", [True, False])
def test_what_was_saved_is_loaded(tmp_path, has_wide):
    episodes = recording(has_wide=has_wide)
    kept_episodes(tmp_path / "rollouts", lambda: episodes)
    found = load_episodes(tmp_path / "rollouts")
    assert found is not None
    for name, value in vars(episodes).items():
        other = getattr(found, name)
        if isinstance(value, PinholeCamera):
            assert (other.width, other.height) == (value.width, value.height)
            value, other = value.K, other.K
        if value is None:
            assert other is None
        else:
            np.testing.assert_array_equal(other, value)
            assert other.dtype == value.dtype
    assert found.episode(1) == slice(3, 7)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_nothing_saved_is_none(tmp_path):
    assert load_episodes(tmp_path / "rollouts") is None


@pytest.mark.parametrize("spoil", [cut, flip, Path.unlink])
@pytest.mark.parametrize("name", ["numbers.npz", "rgb.npy", "wide_rgb.npy", "wide_depth_mm.npy"])
def test_something_damaged_is_none_and_recorded_again(tmp_path, name, spoil):
    folder, once = tmp_path / "rollouts", recording(has_wide=True)
    kept_episodes(folder, lambda: once)
    spoil(folder / name)
    assert load_episodes(folder) is None
    again = kept_episodes(folder, lambda: once)
    np.testing.assert_array_equal(again.wide_depth_mm, once.wide_depth_mm)


def test_a_recording_that_is_whole_is_not_made_again(tmp_path):
    kept_episodes(tmp_path / "rollouts", lambda: recording(has_wide=True))
    kept = kept_episodes(tmp_path / "rollouts", lambda: pytest.fail("recorded again"))
    assert len(kept) == 2
