"""xsim_core/sim/vision/recorder.py: pictures of rollouts go to the disk step by step."""

import numpy as np
import pytest

from tests.files.test_windows import held_at_most
from xsim_core.artifacts import RealRollouts
from xsim_core.files.windows import temporary_arrays
from xsim_core.geometry import PinholeCamera
from xsim_core.sim.vision.image_pool import ImageObs
from xsim_core.sim.vision.recorder import Recorder
from xsim_core.storage import ArtifactStore
from xsim_core.world import RobotEpisodes, read_rollouts, write_rollouts

LENGTHS = ((3, 20, 7, 20), (1, 20, 20, 4), (9, 2))
"""Steps of the episodes, by groups that run side by side."""
HORIZON, HW, WIDE_HW = 20, (36, 48), (120, 160)
NUM_STEPS = sum(map(sum, LENGTHS))
WIDE_BYTES = NUM_STEPS * 5 * WIDE_HW[0] * WIDE_HW[1]


def picture(shape, episode, step, dtype=np.uint8):
    """One that is of this step alone."""
    return np.full(shape, HORIZON * episode + step, dtype)


def observed(first, n, step, *, is_wide):
    def images(shape, dtype):
        return np.stack([picture(shape, first + i, step, dtype) for i in range(n)])

    state = np.stack([np.full(6, 100 * (first + i) + step, np.float32) for i in range(n)])
    rgb, wide = images((*HW, 3), np.uint8), (None, None)
    if is_wide:
        wide = images((*WIDE_HW, 3), np.uint8), images(WIDE_HW, np.uint16)
    return ImageObs(rgb, state, *wide)


def recorded(*, is_wide=True):
    recorder = Recorder(num_episodes=sum(map(len, LENGTHS)), horizon=HORIZON)
    first = 0
    for lengths in LENGTHS:
        n = len(lengths)
        recorder.begin(n)
        for step in range(max(lengths)):
            obs = observed(first, n, step, is_wide=is_wide)
            active = np.array([step < length for length in lengths])
            recorder.keep(active, obs, obs.state[:, :3], np.zeros((n, 16), np.float32))
        recorder.end(
            seeds=range(first, first + n),
            success=np.arange(n) % 2 == 0,
            progress=np.ones(n, np.float32),
            T_world_cam=np.tile(np.eye(4), (n, 1, 1)),
        )
        first += n
    return recorder.result()


def check(result):
    lengths = [length for group in LENGTHS for length in group]
    assert result.episode_ends.tolist() == np.cumsum(lengths).tolist()
    assert result.seeds.tolist() == list(range(len(lengths)))
    assert len(result.rgb) == len(result.wide_rgb) == len(result.wide_depth_mm) == NUM_STEPS
    for episode, length in enumerate(lengths):
        rows = result.episode(episode)
        assert rows.stop - rows.start == length
        for step in range(length):
            k = rows.start + step
            assert result.state[k, 0] == 100 * episode + step
            np.testing.assert_array_equal(result.rgb[k], picture((*HW, 3), episode, step))
            np.testing.assert_array_equal(result.wide_rgb[k], picture((*WIDE_HW, 3), episode, step))
            np.testing.assert_array_equal(result.wide_depth_mm[k], picture(WIDE_HW, episode, step))


def test_steps_of_episodes_side_by_side_become_episodes_in_order():
    check(recorded())


def test_pools_without_wide_pictures_record_none():
    result = recorded(is_wide=False)
    assert result.wide_rgb is None
    assert result.wide_depth_mm is None
    assert len(result.rgb) == NUM_STEPS


def test_no_rollout_is_held_while_it_is_recorded(tmp_path):
    with temporary_arrays(tmp_path):
        with held_at_most(tmp_path, WIDE_BYTES // 4):
            result = recorded()
        check(result)
        (place,) = tmp_path.iterdir()
        # The room of steps that never were is given back.
        assert sum(p.stat().st_size for p in place.iterdir()) < 1.2 * WIDE_BYTES
    assert list(tmp_path.iterdir()) == []


def test_this_test_would_notice_rollouts_that_are_held(tmp_path):
    with (
        pytest.raises(AssertionError, match="held at once"),
        held_at_most(tmp_path, WIDE_BYTES // 4),
    ):
        recorded()


def test_a_recording_is_kept_as_it_was_written(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    camera, out = PinholeCamera(*HW[::-1], np.eye(3)), store.begin(RealRollouts.kind, "0" * 24)
    with temporary_arrays(tmp_path):
        r = recorded()
        episodes = RobotEpisodes(
            r.rgb,
            r.state,
            r.action,
            r.env_states[:, :9],
            r.episode_ends,
            np.eye(4),
            camera,
            camera,
            r.wide_rgb,
            r.wide_depth_mm,
        )
        summary = write_rollouts(out, episodes, task="x", seeds=r.seeds.tolist())
    made = {"stage": "test", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
    kept = read_rollouts(store.open(store.commit(out, summary, **made), RealRollouts))
    assert isinstance(kept.wide_rgb, np.memmap)
    np.testing.assert_array_equal(kept.wide_depth_mm, recorded().wide_depth_mm)
