import json

import cv2
import numpy as np
import pytest

from xsim_core.capture.readers.intrinsics import parse_intrinsics
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


@pytest.mark.parametrize("form", ["yml", "json"])
@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (5,)])
def test_what_the_installed_opencv_writes_is_read(form, shape, tmp_path):
    path, lens = tmp_path / f"camera.{form}", np.array([0.1, -0.05, 0.001, 0.002, 0.01])
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", K)
    storage.write("distortion_coefficients", lens.reshape(shape))
    storage.release()
    camera = parse_intrinsics(path.read_text(), "camera", [])
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_array_equal(camera.lens.coefficients, lens)
    assert camera.image_wh == (640, 480)


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
