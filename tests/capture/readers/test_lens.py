import numpy as np
import pytest

from xsim_core.capture.librealsense import load_librealsense
from xsim_core.capture.readers.lens import Lens, undistort
from xsim_core.errors import BadInputError

K = np.array([[612.5, 0, 321.2], [0, 611.0, 238.7], [0, 0, 1.0]])


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        ("brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("modified_brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("inverse_brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("kannala_brandt4", [0.1, -0.02, 0.003, -0.004, 0.0]),
        ("kannala_brandt4", [0.0] * 5),
        ("brown_conrady", [0.0] * 5),
        ("ftheta", [0.9, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_lenses_project_as_librealsense_does(model, coefficients):
    rs = load_librealsense()
    intrinsics = rs.intrinsics()
    intrinsics.width, intrinsics.height, intrinsics.fx, intrinsics.fy = 640, 480, 600.0, 610.0
    intrinsics.ppx, intrinsics.ppy = 322.0, 241.0
    intrinsics.model, intrinsics.coeffs = getattr(rs.distortion, model), coefficients
    lens = Lens.of(model, coefficients, "test")
    for x, y in np.random.default_rng(0).uniform(-0.5, 0.5, (50, 2)):
        u, v = rs.rs2_project_point_to_pixel(intrinsics, [x, y, 1.0])
        at = lens.distort(np.array(x), np.array(y))
        assert float(at[0]) * 600 + 322 == pytest.approx(u, abs=1e-3)
        assert float(at[1]) * 610 + 241 == pytest.approx(v, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        ("plumb_bob", [-0.3, 0.1, 0.002, -0.001, 0.01]),
        ("rational_polynomial", [0.2, -0.1, 0.001, 0.002, 0.03, 0.4, -0.1, 0.02]),
        ("equidistant", [0.05, -0.01, 0.002, -0.001]),
    ],
)
def test_lenses_project_as_opencv_does(model, coefficients):
    import cv2

    points = np.column_stack([np.random.default_rng(1).uniform(-0.5, 0.5, (50, 2)), np.ones(50)])
    project = cv2.fisheye.projectPoints if model == "equidistant" else cv2.projectPoints
    zero = np.zeros(3)
    expected = project(points.reshape(1, -1, 3), zero, zero, np.eye(3), np.array(coefficients))[0]
    x, y = Lens.of(model, coefficients, "test").distort(points[:, 0], points[:, 1])
    np.testing.assert_allclose(np.column_stack([x, y]), expected.reshape(-1, 2), atol=1e-9)


def test_undistorted_images_are_a_pinholes():
    lens = Lens.of("plumb_bob", [-0.3, 0.1, 0.0, 0.0, 0.0], "test")
    v, u = np.mgrid[:480, :640].astype(float)
    # The lens shows the pinhole's column number; undone, each pixel holds its own again.
    x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
    for _ in range(50):
        bent = lens.distort(x, y)
        x, y = x + (u - K[0, 2]) / K[0, 0] - bent[0], y + (v - K[1, 2]) / K[1, 1] - bent[1]
    recorded = np.clip((x * K[0, 0] + K[0, 2]) / 2.6, 0, 255)
    flat, shift_px = undistort(
        [np.round(recorded).astype(np.uint8)], lens, K, nearest=False, source="test"
    )
    inside = (slice(60, 420), slice(80, 560))
    assert np.abs(flat[0][inside] * 2.6 - u[inside]).max() < 2.7
    assert shift_px > 10
    depth = np.where(recorded > 100, 2000, 500).astype(np.uint16)
    (near,), _ = undistort([depth], lens, K, nearest=True, source="test")
    assert set(np.unique(near[inside])) == {500, 2000}


def test_coefficients_that_cannot_be():
    with pytest.raises(BadInputError, match=r"'cylindrical' .* is not known"):
        Lens.of("cylindrical", [0.1], "topic")
    with pytest.raises(BadInputError, match="moves pixels by"):
        undistort(
            [np.zeros((480, 640), np.uint8)],
            Lens.of("plumb_bob", [500.0] * 5, "topic"),
            K,
            nearest=True,
            source="topic",
        )
    assert Lens.of("Inverse Brown Conrady", [0, 0, 0, 0, 0], "topic").is_pinhole


def test_coefficients_beyond_the_model_are_not_dropped():
    eight = [0.1, 0.02, 0, 0, 0, 0.01, 0, 0]
    assert len(Lens.of("rational_polynomial", [*eight, 0, 0, 0, 0], "topic").coefficients) == 8
    with pytest.raises(BadInputError, match=r"12 coefficients .*'rational_polynomial' has 8"):
        Lens.of("rational_polynomial", [*eight, 0.003, 0, 0, 0], "topic")  # A thin prism.
    with pytest.raises(BadInputError, match="'equidistant' has 4"):
        Lens.of("fisheye", [0.1, 0, 0, 0, 0.01], "topic")
