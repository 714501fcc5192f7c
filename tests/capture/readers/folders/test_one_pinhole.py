import numpy as np

from xsim_core.capture.readers.folders.one_pinhole import middle_K, shifts_px, to_one_pinhole

K = np.array([[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1.0]])


def test_a_picture_of_a_longer_lens_is_shrunk_about_the_principal_point():
    """A ramp along x: what stood at ``u`` comes to stand at ``cx + (u - cx) / 1.25``."""
    longer = K * [[1.25], [1.25], [1]]
    longer[:2, 2] = K[:2, 2]
    ramp = np.tile(np.arange(64, dtype=np.float32), (48, 1))
    seen = to_one_pinhole(ramp, longer, K, nearest=False)
    np.testing.assert_allclose(seen[24, 10:54], 31.5 + 1.25 * (np.arange(10, 54) - 31.5), atol=1e-3)
    assert seen[24, 2] == 0


def test_shifts_and_the_middle():
    moved = np.tile(K, (3, 1, 1))
    moved[2, :2, 2] += [3, 4]
    np.testing.assert_array_equal(middle_K(moved), K)
    np.testing.assert_allclose(shifts_px(moved, K, (64, 48)), [0, 0, 5], atol=1e-9)
