import io

import numpy as np
from PIL import Image

from xsim_core.pictures import film_strip, gif_bytes, loss_plot, png_bytes


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
