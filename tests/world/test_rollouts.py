"""xsim_core/world/rollouts.py: what a robot recorded comes back from its artifact to the bit."""

import numpy as np
import pytest

from tests.evaluate.fixtures import make_rollouts
from xsim_core.artifacts import RealRollouts
from xsim_core.geometry import PinholeCamera
from xsim_core.storage import ArtifactStore
from xsim_core.world import RobotEpisodes, read_rollouts


def recording(*, has_depth=True, has_times=False):
    rng, n = np.random.default_rng(0), 7
    K = np.array([[50.1, 0, 20], [0, 55.0, 15], [0, 0, 1]])
    return RobotEpisodes(
        rgb=rng.integers(0, 255, (n, 6, 8, 3), dtype=np.uint8),
        state=rng.random((n, 6), dtype=np.float32),
        action=rng.random((n, 3), dtype=np.float32),
        qpos=rng.random((n, 9), dtype=np.float32),
        episode_ends=np.array([3, 7]),
        T_world_cam=rng.random((4, 4)),
        camera=PinholeCamera(8, 6, K),
        rgbd_camera=PinholeCamera(16, 12, 2 * K),
        wide_rgb=rng.integers(0, 255, (n, 12, 16, 3), dtype=np.uint8),
        wide_depth_mm=rng.integers(0, 2000, (n, 12, 16), dtype=np.uint16) if has_depth else None,
        time_s=np.array([0, 0.1, 0.3, 0, 0.2, 0.3, 0.7]) if has_times else None,
    )


@pytest.mark.parametrize(("has_depth", "has_times"), [(True, True), (False, False)])
def test_what_was_written_is_read(tmp_path, has_depth, has_times):
    episodes = recording(has_depth=has_depth, has_times=has_times)
    store = ArtifactStore(tmp_path.as_uri())
    opened = store.open(make_rollouts(store, episodes), RealRollouts)
    assert (opened.summary.num_episodes, opened.summary.num_steps) == (2, 7)
    assert opened.array("seeds").tolist() == [5, 6]
    assert "outcome" not in opened.array_names
    found = read_rollouts(opened)
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


def test_who_succeeded_is_kept_and_is_no_part_of_the_recording():
    store = ArtifactStore("memory://")
    ref = make_rollouts(store, recording(), outcome=np.array([1, -1]))
    opened = store.open(ref, RealRollouts)
    assert opened.array("outcome").tolist() == [1, -1]
    assert "outcome" not in vars(read_rollouts(opened))
