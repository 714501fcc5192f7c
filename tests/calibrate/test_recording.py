"""xsim_core/calibrate/recording.py: a recording kept in scratch is the recording."""

import numpy as np
import pytest

from xsim_core.calibrate.recording import load_episodes, save_episodes
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
    save_episodes(episodes, tmp_path / "rollouts.npz")
    found = load_episodes(tmp_path / "rollouts.npz")
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


def test_nothing_saved_and_something_damaged_are_none(tmp_path):
    path = tmp_path / "rollouts.npz"
    assert load_episodes(path) is None
    save_episodes(recording(has_wide=True), path)
    path.write_bytes(path.read_bytes()[:500])
    assert load_episodes(path) is None
