import numpy as np

from xsim_core.capture.readers.folders.alignment import align_depth
from xsim_core.geometry import PinholeCamera, make_se3


def pixel_by_pixel(depth_mm, K_depth, K_colour, T_colour_depth, colour_hw):
    """The reference: every depth pixel on its own, its footprint a square in colour."""
    nearest = np.full(colour_hw, np.inf)
    radius = max(0.5, 0.5 * K_colour[0, 0] / K_depth[0, 0])
    for v, u in np.argwhere(depth_mm > 0):
        z = float(depth_mm[v, u])
        x, y = (u - K_depth[0, 2]) / K_depth[0, 0] * z, (v - K_depth[1, 2]) / K_depth[1, 1] * z
        point = T_colour_depth[:3, :3] @ [x, y, z] + 1000 * T_colour_depth[:3, 3]
        if point[2] <= 1:
            continue
        a, b = (K_colour @ (point / point[2]))[:2]
        for row in range(colour_hw[0]):
            for column in range(colour_hw[1]):
                if max(abs(a - column), abs(b - row)) <= radius:
                    nearest[row, column] = min(nearest[row, column], point[2])
    return np.where(np.isfinite(nearest), np.rint(nearest), 0).astype(np.uint16)


def test_alignment_is_that_of_pixel_by_pixel():
    rng = np.random.default_rng(3)
    depth_mm = rng.integers(400, 1500, (9, 12)).astype(np.uint16)
    depth_mm[rng.random((9, 12)) < 0.2] = 0
    K_depth = np.array([[11.0, 0, 5.7], [0, 11.3, 4.1], [0, 0, 1]])
    K_colour = np.array([[21.0, 0, 10.2], [0, 20.6, 7.9], [0, 0, 1]])
    turn = np.array([[0.9998, -0.02, 0], [0.02, 0.9998, 0], [0, 0, 1]])
    T = make_se3(turn, [0.05, -0.01, 0.02])
    found = align_depth(depth_mm, K_depth, K_colour, T, (17, 22))
    np.testing.assert_array_equal(found, pixel_by_pixel(depth_mm, K_depth, K_colour, T, (17, 22)))
    assert 0.3 < (found > 0).mean() < 0.95


def test_alignment_moves_a_plane_by_the_baseline():
    camera = PinholeCamera.from_fov(64, 48, 1.0)
    depth_mm = np.full((48, 64), 1000, np.uint16)
    depth_mm[20:30, 30:40] = 500
    T = make_se3(np.eye(3), [0.05, 0, 0])
    aligned = align_depth(depth_mm, camera.K, camera.K, T, (48, 64))
    shift = camera.K[0, 0] * 0.05 / np.array([0.5, 1.0])
    columns = np.flatnonzero(aligned[25] == 500)
    assert abs(columns.mean() - (34.5 + shift[0])) <= 1
    # Behind the near patch, nothing of the far plane shows through.
    assert (aligned[22:28, columns.min() : columns.max()] == 500).all()
