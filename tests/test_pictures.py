"""xsim_core/pictures.py: what a person sees is what was given."""

import io

import numpy as np
from PIL import Image

from xsim_core.pictures import enlarged, film_strip, gif_bytes, grid, loss_plot, png_bytes


def test_film_strip_has_a_row_an_episode_and_marks_the_outcome():
    rng = np.random.default_rng(0)
    episodes = [rng.integers(0, 256, (t, 6, 8, 3), dtype=np.uint8) for t in (3, 20)]
    strip = film_strip(episodes, [True, False], num_frames=5, scale=2)
    assert strip.shape == (2 * 16, 8 + 5 * 20, 3)
    assert strip[0, 0, 1] > strip[0, 0, 0]  # green
    assert strip[-1, 0, 0] > strip[-1, 0, 1]  # red


def test_files_are_readable_pictures():
    frames = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
    assert Image.open(io.BytesIO(png_bytes(frames[0]))).size == (8, 6)
    assert Image.open(io.BytesIO(gif_bytes(frames, fps=10, scale=3))).size == (24, 18)
    assert Image.open(io.BytesIO(loss_plot(np.exp(-np.arange(60) / 9), title="t"))).width > 100


def test_a_png_holds_the_very_pixels_also_of_a_mirrored_image():
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for image in (rgb, rgb[:, ::-1], rgb[..., ::-1]):
        for level in (1, 6):
            found = Image.open(io.BytesIO(png_bytes(image, compress_level=level)))
            np.testing.assert_array_equal(np.asarray(found), image)


def test_tiles_lie_row_by_row_and_the_rest_is_black():
    tiles = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((2, 3, 3), np.uint8)
    image = grid(tiles, columns=3)
    assert image.shape == (4, 9, 3)
    np.testing.assert_array_equal(image[::2, ::3, 0], [[1, 2, 3], [4, 5, 0]])


def test_enlarging_keeps_pixels_as_blocks_or_their_mean():
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    blocks = enlarged(rgb, 3)
    np.testing.assert_array_equal(blocks[1::3, 1::3], rgb)
    smooth = enlarged(np.full((6, 8, 3), 77, np.uint8), 2, smooth=True)
    assert smooth.shape == (12, 16, 3)
    assert (smooth == 77).all()


def test_a_strip_without_outcomes_is_evenly_spaced_frames_side_by_side():
    film = np.arange(15, dtype=np.uint8)[:, None, None, None] * np.ones((6, 8, 3), np.uint8)
    strip = film_strip([film], num_frames=8, scale=2)
    assert strip.shape == (12, 8 * 16, 3)
    np.testing.assert_array_equal(strip[6, 8::16, 0], np.arange(0, 15, 2))
