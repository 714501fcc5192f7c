import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.diffusion.test_train import toy_dataset
from xsim_core.errors import BadInputError
from xsim_core.policies.augment import AugmentConfig, crop_shifted, jitter_colour
from xsim_core.policies.chunks import ChunkSampler, Episodes, TaughtWindows, window_rows
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.normalizer import MinMaxNormalizer
from xsim_core.policies.student import to_image_tensor
from xsim_core.storage import ArtifactStore


def made_up_episodes(lengths, rng):
    n = sum(lengths)
    return Episodes(
        rng.integers(0, 256, (n, 24, 32, 3), dtype=np.uint8),
        rng.standard_normal((n, 6), np.float32),
        rng.standard_normal((n, 3), np.float32),
        np.cumsum(lengths, dtype=np.int64),
    )


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(1, 3), st.integers(1, 9))
def test_windows_never_cross_episodes(lengths, n_obs_steps, horizon):
    episodes = made_up_episodes(lengths, np.random.default_rng(0))
    architecture = StudentArchitecture(n_obs_steps=n_obs_steps, horizon=horizon)
    rows = np.arange(sum(lengths))
    observed, chunk, mask = window_rows(rows, episodes, architecture)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    assert (owner[observed] == owner[rows][:, None]).all()
    assert (owner[chunk] == owner[rows][:, None]).all()
    assert (observed[:, -1] == rows).all()
    assert (chunk[:, 0] == rows).all()
    assert (mask[:, 0] == 1).all()
    np.testing.assert_array_equal(mask.sum(1), np.minimum(horizon, episodes.ends[rows] - rows))


def test_a_batch_is_normalised_augmented_and_reproducible():
    episodes = made_up_episodes([12, 7], np.random.default_rng(0))
    state, action = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
    architecture = StudentArchitecture(image_hw=(24, 32), n_obs_steps=2)
    sampler = ChunkSampler(episodes, state, action, architecture, AugmentConfig())
    one = sampler.draw(5, rng=np.random.default_rng(3))
    two = sampler.draw(5, rng=np.random.default_rng(3))
    assert one.rgb.shape == (5, 2, 3, 24, 32)
    assert one.action.shape == (5, 8, 3)
    assert one.state.shape == (5, 2, 6)
    assert one.rgb.abs().max() <= 0.5
    assert one.action.abs().max() <= 1.01
    for a, b in zip(vars(one).values(), vars(two).values(), strict=True):
        np.testing.assert_array_equal(a, b)


def made_up_taught(count, n_obs_steps, rng):
    """Told apart from episodes by their actions, which are 5, 6 and so on along each axis."""
    return TaughtWindows(
        rng.integers(0, 256, (count, n_obs_steps, 24, 32, 3), dtype=np.uint8),
        rng.standard_normal((count, n_obs_steps, 6), np.float32),
        np.tile(np.arange(5, 5 + count, dtype=np.float32)[:, None, None], (1, 8, 3)),
        np.tile(np.array([1, 1, 1, 1, 1, 1, 0, 0], np.float32), (count, 1)),
    )


@pytest.mark.parametrize("share", [None, 0.25, 1.0])
def test_taught_windows_take_their_share_of_a_batch(share):
    rng = np.random.default_rng(0)
    episodes, taught = made_up_episodes([12, 18], rng), made_up_taught(10, 2, rng)
    state, action = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
    architecture = StudentArchitecture(image_hw=(24, 32), n_obs_steps=2)
    still = AugmentConfig(shift_px=0, gain=0, contrast=0, saturation=0, tint=0, noise=0, light=None)
    sampler = ChunkSampler(
        episodes, state, action, architecture, still, taught=taught, taught_share=share
    )
    batches = [sampler.draw(16, rng=np.random.default_rng(k)) for k in range(40)]
    acted = [action.denormalize(b.action.numpy())[:, 0, 0] for b in batches]
    counts = [int((a > 4.5).sum()) for a in acted]
    if share is None:  # As many as there are among all windows.
        assert abs(np.mean(counts) - 16 * 10 / 40) < 1
        assert len(set(counts)) > 1
    else:
        assert set(counts) == {round(16 * share)}
    # Image, state and mask are those of the same window.
    for batch, a in zip(batches, acted, strict=True):
        for k in np.flatnonzero(a > 4.5):
            which = round(float(a[k])) - 5
            np.testing.assert_allclose(batch.rgb[k], to_image_tensor(taught.rgb[which]), atol=1e-6)
            np.testing.assert_array_equal(batch.state[k], state.normalize(taught.state[which]))
            assert batch.mask[k].tolist() == taught.mask[which].tolist()


def test_without_taught_windows_a_batch_is_what_it_was():
    episodes = made_up_episodes([12, 7], np.random.default_rng(0))
    state, action = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
    architecture = StudentArchitecture(image_hw=(24, 32))
    plain = ChunkSampler(episodes, state, action, architecture, AugmentConfig())
    waiting = ChunkSampler(episodes, state, action, architecture, AugmentConfig(), taught_share=0.5)
    one, two = (s.draw(5, rng=np.random.default_rng(3)) for s in (plain, waiting))
    rows = np.random.default_rng(3).integers(19, size=5)
    np.testing.assert_array_equal(one.action[:, 0], action.normalize(episodes.action[rows]))
    for a, b in zip(vars(one).values(), vars(two).values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_shift_moves_the_image_and_replicates_its_border():
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (1, 24, 32, 3), dtype=np.uint8)
    padded = np.pad(frames[0], ((3, 3), (3, 3), (0, 0)), mode="edge")
    windows = {padded[i : i + 24, j : j + 32].tobytes() for i in range(7) for j in range(7)}
    shifted = crop_shifted(frames, np.zeros(200, np.int64), 3, rng=rng)
    assert {s.tobytes() for s in shifted} == windows


@pytest.mark.parametrize("shift_px", [0, 1, 5])
def test_shifting_frame_by_frame_equals_a_gather_of_pixels(shift_px):
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 256, (7, 11, 13, 3), dtype=np.uint8)
    index = rng.integers(7, size=50)
    fast = crop_shifted(frames, index, shift_px, rng=np.random.default_rng(3))
    if shift_px:
        shift = np.random.default_rng(3).integers(-shift_px, shift_px + 1, (50, 2))
    else:
        shift = np.zeros((50, 2), np.int64)
    rows = np.clip(np.arange(11) + shift[:, :1], 0, 10)
    columns = np.clip(np.arange(13) + shift[:, 1:], 0, 12)
    gathered = frames[index[:, None, None], rows[:, :, None], columns[:, None, :]]
    np.testing.assert_array_equal(fast, gathered)


def test_batches_from_the_memory_map_are_those_of_the_zarr_arrays(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    dataset = store.open(toy_dataset(store, num_episodes=10))
    mapped = Episodes.read(dataset)
    names = ("observation.images.front", "observation.state", "action", "episode_ends")
    in_memory = Episodes(*(np.array(dataset.group[name]) for name in names))
    assert isinstance(mapped.rgb, np.memmap)
    architecture = StudentArchitecture(image_hw=(24, 32), n_obs_steps=2)
    drawn = []
    for episodes in (mapped, in_memory):
        normal = MinMaxNormalizer.fit(episodes.state), MinMaxNormalizer.fit(episodes.action)
        sampler = ChunkSampler(episodes, *normal, architecture, AugmentConfig())
        rng = np.random.default_rng(4)
        drawn.append([vars(sampler.draw(8, rng=rng)) for _ in range(5)])
    for one, other in zip(*drawn, strict=True):
        for field, values in one.items():
            np.testing.assert_array_equal(values, other[field], err_msg=field)


def test_a_dataset_without_steps_is_refused(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    nothing = made_up_episodes([], np.random.default_rng(0))
    with pytest.raises(BadInputError, match="no steps to learn from"):
        Episodes.read(store.open(toy_dataset(store, num_episodes=0, episodes=nothing)))


def test_no_colour_jitter_is_the_identity():
    still = AugmentConfig(gain=0, contrast=0, saturation=0, tint=0, noise=0)
    rgb = to_image_tensor(np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3), dtype=np.uint8))
    np.testing.assert_allclose(
        jitter_colour(rgb, still, rng=np.random.default_rng(0)), rgb, atol=1e-6
    )


def test_grey_images_keep_their_hue_without_tint_and_their_mean_under_contrast():
    rgb = to_image_tensor(np.full((3, 8, 9, 3), 100, np.uint8))
    only = AugmentConfig(gain=0, contrast=0.5, saturation=0.9, tint=0, noise=0)
    same = jitter_colour(rgb, only, rng=np.random.default_rng(0))
    np.testing.assert_allclose(same, rgb, atol=1e-6)
    tinted = jitter_colour(rgb, AugmentConfig(noise=0), rng=np.random.default_rng(0)) + 0.5
    assert tinted.std(dim=(2, 3)).max() < 1e-6
    assert (tinted.mean(dim=(2, 3)).std(dim=1) > 1e-3).all()
