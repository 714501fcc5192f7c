"""xsim_core/checks/lag.py: depth that comes late is measured from what moves."""

import numpy as np
import pytest

from xsim_core.checks.lag import MAX_LAG, depth_lag

SIZE = 96, 128


def moving(num_frames, *, seed=0, speed=3.0):
    """A patch that crosses a noisy scene: colour and depth (t, h, w), in step."""
    rng = np.random.default_rng(seed)
    still = rng.uniform(60, 200, SIZE)
    rgb = np.repeat(still[None], num_frames, 0) + rng.normal(0, 2, (num_frames, *SIZE))
    depth_mm = 900 + rng.normal(0, 3, (num_frames, *SIZE))
    for i in range(num_frames):
        left = round(8 + speed * i + 6 * np.sin(0.7 * i))
        top = round(30 + 15 * np.sin(0.4 * i))
        rgb[i, top : top + 24, left : left + 20] = 230
        depth_mm[i, top : top + 24, left : left + 20] -= 90
    colour = np.repeat(np.clip(rgb, 0, 255).astype(np.uint8)[..., None], 3, -1)
    return colour, depth_mm.astype(np.uint16)


@pytest.mark.parametrize("lag", [-2, 0, 1, 3, 7])
def test_a_lag_is_measured_to_a_tenth_of_a_frame(lag):
    rgb, depth_mm = moving(34)
    rgb, depth_mm = rgb[max(0, lag) :], depth_mm[max(0, -lag) :]
    n = min(len(rgb), len(depth_mm))
    found = depth_lag(rgb[:n], depth_mm[:n])
    assert found is not None
    assert found.frames == pytest.approx(lag, abs=0.1)


def test_where_nothing_moves_or_the_film_is_short_nothing_is_claimed():
    rgb, depth_mm = moving(34, speed=0)
    still = np.zeros(34, int)
    rng = np.random.default_rng(1)
    noisy = rgb[still].astype(int) + rng.integers(-3, 4, rgb.shape)
    assert depth_lag(np.clip(noisy, 0, 255).astype(np.uint8), depth_mm[still]) is None
    assert depth_lag(rgb[: 2 * MAX_LAG], depth_mm[: 2 * MAX_LAG]) is None
    # Streams that show different things.
    assert depth_lag(rgb, moving(34, seed=5, speed=-1)[1][::-1]) is None
