import json

import numpy as np
import pytest

from xsim_core.capture.librealsense import load_librealsense
from xsim_core.capture.readers.intrinsics import parse_intrinsics
from xsim_core.capture.readers.lens import Lens, undistort
from xsim_core.errors import BadInputError

K = np.array([[612.5, 0, 321.2], [0, 611.0, 238.7], [0, 0, 1.0]])
P = np.column_stack([K, np.zeros(3)])
SIZE = {"width": 640, "height": 480}
OPENCV_YAML = """%YAML:1.0
---
image_width: 640
image_height: 480
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [612.5, 0., 321.2, 0., 611., 238.7, 0., 0., 1.]
distortion_coefficients: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [0., 0., 0., 0., 0.]
"""
SPELLINGS = {
    "3x3": "612.5 0 321.2\n0 611 238.7\n0 0 1\n",
    "commas": "612.5, 0, 321.2\n0, 611, 238.7\n0, 0, 1\n",
    "brackets": "[[612.5 0 321.2]; [0 611 238.7]; [0 0 1]]",
    "exponents": "6.125e+02 0 3.212e+02 0 6.11e2 2.387e2 0 0 1",
    "comment": "# fx 0 cx\n612.5 0 321.2\n0 611 238.7 # px\n0 0 1",
    "3x4": "\n".join(" ".join(map(str, row)) for row in P),
    "4x4": "\n".join(" ".join(map(str, row)) for row in np.vstack([P, [0, 0, 0, 1]])),
    "four numbers": "612.5 611 321.2 238.7",
    "json list": json.dumps(K.tolist()),
    "json K": json.dumps({"K": K.ravel().tolist(), **SIZE}),
    "json P": json.dumps({"P": P.ravel().tolist(), **SIZE}),
    "json names": json.dumps({"fx": 612.5, "fy": 611.0, "cx": 321.2, "cy": 238.7, **SIZE}),
    "json realsense": json.dumps({"fx": 612.5, "fy": 611.0, "ppx": 321.2, "ppy": 238.7}),
    "open3d": json.dumps({**SIZE, "intrinsic_matrix": K.T.ravel().tolist()}),
    "columns": "\n".join(" ".join(map(str, row)) for row in K.T),
    "names": "fx = 612.5\nfy = 611\ncx = 321.2\ncy = 238.7\n",
    "opencv": OPENCV_YAML,
    "camera_info": f"height: 480\nwidth: 640\nk: {K.ravel().tolist()}\np: {P.ravel().tolist()}\n",
    "nested": json.dumps({"intrinsics": {"fx": 612.5, "fy": 611, "cx": 321.2, "cy": 238.7}}),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_camera(spelling):
    camera = parse_intrinsics(SPELLINGS[spelling], "cam_K", [])
    np.testing.assert_allclose(camera.fit_to((640, 480), "cam_K", []).K, K)


REFUSED = {
    "zeros": ("0 0 0 0 0 0 0 0 0", "is no pinhole matrix"),
    "zeros with a one": ("0 0 0 0 0 0 0 0 1", "focal lengths 0 and 0"),
    "nan": ("nan 0 320 0 nan 240 0 0 1", "focal lengths nan"),
    "identity": ("1 0 0 0 1 0 0 0 1", "focal lengths 1 and 1"),
    "from integers": ("2.47e-321 0 1.6e-321 0 2.47e-321 1.2e-321 0 0 1", "focal lengths 2.47e-321"),
    "long": ("99999 0 320 0 99999 240 0 0 1", "focal lengths 1e\\+05"),
    "negative": ("-612 0 320 0 611 240 0 0 1", "focal lengths -612"),
    "skew": ("612 30 320 0 611 240 0 0 1", "is no pinhole matrix"),
    "six numbers": ("612 611 320 240 0.1 0.2", "holds 6 numbers; 4 .*, 9 .* or 12"),
    "stereo": ("612 0 320 -30 0 611 240 0 0 0 1 0", "fourth column"),
    "prose": ("ask Bob", "holds no intrinsics. Accepted"),
    "empty": ("", "holds 0 numbers"),
    "other keys": ('{"focal": 612}', "it has focal, but neither K"),
    "no numbers": ('{"K": ["a", "b"]}', "not made of numbers"),
    "anamorphic": ("1500 0 320 0 600 240 0 0 1", "differ too much"),
    "other shape, told": (json.dumps({"K": K.ravel().tolist(), "width": 1280, "height": 720}),
                          "is for 1280x720 images, but these are 640x480"),
    "other shape, seen": ("900 0 639.5 0 900 359.5 0 0 1", "about 1280x720"),
    "half of a file": ('{"K": [612, 0, 320,', "neither numbers nor JSON or YAML"),
    "yaml bomb": ("a: " * 3000 + "1", "neither numbers nor|holds no"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_camera_has_is_refused_with_its_values(case):
    text, message = REFUSED[case]
    with pytest.raises(BadInputError, match=message) as caught:
        parse_intrinsics(text, "video/cam_K.txt", []).fit_to((640, 480), "video/cam_K.txt", [])
    assert "video/cam_K.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", [True, False])
def test_another_resolution_is_scaled_if_its_shape_says_so(told):
    large = {"fx": 1225.0, "fy": 1222.0, "cx": 642.9, "cy": 477.9}
    text = json.dumps(large | ({"width": 1280, "height": 960} if told else {}))
    notes: list[str] = []
    K_small = parse_intrinsics(text, "cam_K", notes).fit_to((640, 480), "cam_K", notes).K
    np.testing.assert_allclose(K_small, K, atol=1e-9)
    assert "for 1280x960 images" in notes[0]
    assert "scaled to 640x480" in notes[0]


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        ("brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("modified_brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("inverse_brown_conrady", [0.1, -0.2, 0.003, -0.004, 0.05]),
        ("kannala_brandt4", [0.1, -0.02, 0.003, -0.004, 0.0]),
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


def test_coefficients_that_cannot_be(tmp_path):
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
