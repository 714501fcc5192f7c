import json

import cv2
import numpy as np
import pytest
import yaml

from xsim_core.capture.place.matrix_file import read_matrix
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, matrix_to_quat_wxyz, so3_exp

T = make_se3(so3_exp([2.0, 0.3, -0.2]), [0.4, -0.2, 0.9])
W, X, Y, Z = matrix_to_quat_wxyz(T[:3, :3]).tolist()
OPENCV = (
    "%YAML:1.0\n---\ncam: !!opencv-matrix\n   rows: 4\n   cols: 4\n   dt: d\n   data: "
    + json.dumps(T.ravel().tolist())
)
EASY = {
    "parameters": {"eye_on_hand": False},
    "transformation": {"x": 0.4, "y": -0.2, "z": 0.9, "qx": X, "qy": Y, "qz": Z, "qw": W},
}
ROS = {
    "translation": {"x": 0.4, "y": -0.2, "z": 0.9},
    "rotation": {"x": X, "y": Y, "z": Z, "w": W},
}
EASY_2 = {
    "parameters": {
        "calibration_type": "eye_on_base",
        "tracking_base_frame": "camera_color_optical_frame",
    },
    "transform": ROS,
}
POSE_STAMPED = {
    "header": {"frame_id": "base", "stamp": {"sec": 3, "nanosec": 0}},
    "pose": {"position": ROS["translation"], "orientation": ROS["rotation"]},
}
FILES = {
    "rows.txt": "# robot <- camera\n" + "\n".join(" ".join(map(str, r)) for r in T.tolist()),
    "brackets.txt": str(T.tolist()).replace("], [", "],\n["),
    "one_line.csv": ",".join(map(str, T.ravel().tolist())),
    "rows.json": json.dumps(T.tolist()),
    "keyed.json": json.dumps({"serial": 12, "cam2robot": T.tolist()}),
    "opencv.yaml": OPENCV,
    "easy_handeye.yaml": yaml.safe_dump(EASY),
    "easy_handeye2.calib": yaml.safe_dump(EASY_2),
    "tf_echo.yaml": yaml.safe_dump(ROS),
    "pose_stamped.json": json.dumps(POSE_STAMPED),
}


def as_yaml(file, **parameters):
    return yaml.safe_dump({**file, "parameters": parameters})


@pytest.mark.parametrize("name", FILES)
def test_forms_that_calibrations_are_saved_in(name, tmp_path):
    (tmp_path / name).write_text(FILES[name])
    np.testing.assert_allclose(read_matrix(tmp_path / name, []).reshape(4, 4), T, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (16,), (1, 4, 4)])
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_the_installed_opencv_writes(form, shape, tmp_path):
    path = tmp_path / f"cam.{form}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("T_world_cam", T.reshape(shape))
    storage.write("serial", 12)
    storage.release()
    np.testing.assert_allclose(read_matrix(path, []).reshape(4, 4), T, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (3, 4), (1, 4, 4), (16,)])
def test_npy(shape, tmp_path):
    values = T[:3] if shape == (3, 4) else T.reshape(shape)
    np.save(tmp_path / "cam.npy", values)
    found = read_matrix(tmp_path / "cam.npy", [])
    np.testing.assert_array_equal(found.reshape(-1, 4)[:3], T[:3])


def test_one_of_several_is_named(tmp_path):
    path = tmp_path / "both.yaml"
    path.write_text(yaml.safe_dump({"left": T.tolist(), "more": {"right": np.eye(4).tolist()}}))
    with pytest.raises(BadInputError, match=r"2 matrices .*left, more\.right.*`key:`"):
        read_matrix(path, [])
    np.testing.assert_array_equal(read_matrix(path, [], key="right"), np.eye(4))
    with pytest.raises(BadInputError, match="no matrix 'top'; it holds left, more"):
        read_matrix(path, [], key="top")


BAD = {
    "pose.txt": ("0.4 0.1 0.9 0 0 0 1\n", "seven numbers"),
    "ragged.txt": ("1 0 0 0\n0 1 0\n", r"rows of \[3, 4\] numbers"),
    "words.txt": ("x y z\n", "line 1 is 'x y z'"),
    "small.json": ("[[1, 0, 0], [0, 1, 0], [0, 0, 1]]", "holds 0 matrices"),
    "nan.txt": ("nan 0 0 0\n0 1 0 0\n0 0 1 0\n", "not finite"),
    "empty.txt": ("", "is 0;"),
    "quat.yaml": ("{x: 0, y: 0, z: 1, qx: 0, qy: 0, qz: 0, qw: 3}", "has length 3"),
    "cam.mat": ("x", "no matrix file we read"),
    "hand.json": (json.dumps({"T_hand_cam": T.tolist()}), "T_base_hand @ T_hand_cam"),
    "easy.yaml": (as_yaml(EASY, eye_on_hand=True), "eye_on_hand: true`, a camera on the hand"),
    "easy2.calib": (as_yaml(EASY_2, calibration_type="eye_in_hand"), "T_base_hand @ T_hand_cam"),
    "huge.json": (json.dumps({**EASY["transformation"], "x": 10**400}), "holds 0 matrices"),
    "inf.yaml": (yaml.safe_dump({**EASY["transformation"], "x": np.inf}), "is not finite"),
    "deep.json": ("[" * 1100, "is not YAML"),
    "no.npy": ("no array", "cannot be read as an array"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_matrix(name, tmp_path):
    text, message = BAD[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInputError, match=message):
        read_matrix(tmp_path / name, [])


def test_missing(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        read_matrix(tmp_path / "cam.npy", [])


def test_a_frame_that_is_not_optical_is_said(tmp_path):
    path, notes = tmp_path / "cam.calib", []
    for frame in ("camera_link", "camera_color_optical_frame"):
        path.write_text(as_yaml(EASY_2, tracking_base_frame=frame))
        read_matrix(path, notes)
    assert [n for n in notes if "axes: ros_link" in n] == notes[1:2]
    assert "of the frame 'camera_link', not of an optical one" in notes[1]
