"""A table filmed by a camera in the hand: its path is known, and something else may move too."""

from functools import cache

import numpy as np

from tests.checks.pictures import BOARD, depth_mm_of_table, photographed, table
from xsim_core.film.frames import Video
from xsim_core.geometry import PinholeCamera, look_at

CAMERA = PinholeCamera(320, 240, np.array([[300.0, 0, 160.0], [0, 300, 118.0], [0, 0, 1]]))
NUM_FRAMES = 6


def path(num_frames=NUM_FRAMES, reach_m=0.2):
    """``T_world_cam`` (t, 4, 4) along a bow, looking at one place."""
    along = np.linspace(-0.5, 0.5, num_frames)
    eyes = [[0.95 - 0.1 * s * s, 0.3 - reach_m * s, 0.6 + 0.1 * s] for s in along]
    return np.stack([look_at(eye, [0.55, 0.0, 0.0]) for eye in eyes])


def pattern(board=BOARD, *, seed=0):
    """A table with corners all over: blotches of four sizes, and the board."""
    import cv2

    rng, on_table = np.random.default_rng(seed), table(board).astype(np.float64)
    hw = on_table.shape[:2]
    blotches = [
        cv2.resize(rng.normal(0, 22, (n, n)), hw[::-1], interpolation=cv2.INTER_CUBIC)
        for n in (20, 60, 140, 240)
    ]
    is_table = np.all(on_table == table(None), axis=-1)
    on_table[is_table] += np.sum(blotches, axis=0)[is_table][:, None]
    return np.clip(on_table, 0, 255).astype(np.uint8)


@cache
def _frames(show_board, width):
    camera = CAMERA.resized(width, width * 3 // 4)
    on_table, rng = pattern(BOARD if show_board else None), np.random.default_rng(1)
    rgb = [photographed(on_table, T, camera=camera, rng=rng) for T in path()]
    depth = [depth_mm_of_table(T, camera=camera) for T in path()]
    noisy = [np.where(d > 0, d + rng.normal(0, 1.5, d.shape), 0).round() for d in depth]
    return np.stack(rgb), np.stack(noisy).astype(np.uint16)


def film(*, show_board=True, camera=CAMERA):
    """Colour (t, h, w, 3) and depth (t, h, w) of the table alone."""
    return tuple(a.copy() for a in _frames(show_board, camera.width))


def with_a_hand(rgb, depth_mm, *, size=90, step_px=16):
    """Something textured that crosses the picture, near the camera."""
    rng = np.random.default_rng(2)
    patch = np.repeat(np.repeat(rng.integers(0, 256, (30, 30, 3)), 3, 0), 3, 1).astype(np.uint8)
    for i in range(len(rgb)):
        at = i, slice(60, 60 + size), slice(40 + step_px * i, 40 + step_px * i + size)
        rgb[at], depth_mm[at] = patch[:size, :size], 420
    return rgb, depth_mm


def video_of(rgb, depth_mm):
    return Video(rgb, depth_mm, np.arange(len(rgb)) / 10, CAMERA)
