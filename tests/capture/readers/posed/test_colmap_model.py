"""COLMAP's cameras show what pycolmap says they show; a model that claims too much is refused."""

import struct

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers.posed.cameras import _seen_at
from xsim_core.capture.readers.posed.colmap_model import DISTORTION, _camera, read_model
from xsim_core.errors import BadInputError

NUMBER, MODEL, POSE = 1, 1, (1.0, 0, 0, 0, 0.1, 0.2, 0.3)


@pytest.fixture
def model(tmp_path):
    """One photo of a pinhole camera with a point that it sees, in COLMAP's own numbers."""
    Image.fromarray(np.full((12, 16, 3), 90, np.uint8)).save(tmp_path / "0.png")
    camera = struct.pack("<QIiQQ4d", 1, NUMBER, MODEL, 16, 12, 15, 15, 8, 6)
    image = struct.pack("<QI7dI", 1, NUMBER, *POSE, NUMBER) + b"0.png\0"
    image += struct.pack("<Q2dq", 1, 3.0, 4.0, 7)
    point = struct.pack("<QQ3d3BdQII", 1, 7, 0, 0, 2, 200, 100, 50, 0.5, 1, NUMBER, 0)
    for name, data in (("cameras", camera), ("images", image), ("points3D", point)):
        (tmp_path / f"{name}.bin").write_bytes(data)
    return tmp_path


def test_a_whole_model_is_read(model):
    (photo,) = read_model(model, model, [])
    assert (photo.file.name, photo.camera.width) == ("0.png", 16)
    np.testing.assert_allclose(photo.T_given_cam[:3, 3], [-0.1, -0.2, -0.3], atol=1e-12)


@pytest.mark.parametrize(
    ("name", "at"),
    [("cameras", 0), ("images", 0), ("images", 78), ("points3D", 0), ("points3D", 51)],
)
def test_a_count_beyond_the_file_is_refused(model, name, at):
    path = model / f"{name}.bin"
    data = bytearray(path.read_bytes())
    assert data[at : at + 8] == struct.pack("<Q", 1)
    data[at : at + 8] = struct.pack("<Q", 1 << 30)
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=f"{name}.bin ends before all that it counts"):
        read_model(model, model, [])


@pytest.mark.parametrize(
    ("at", "kind", "value"), [(16, "Q", 0), (32, "d", 0.0), (40, "d", -1.0), (48, "d", np.nan)]
)
def test_a_camera_that_cannot_be_is_refused_with_its_numbers(model, at, kind, value):
    path = model / "cameras.bin"
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{kind}", data, at, value)
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=r"its camera of .* is none"):
        read_model(model, model, [])


@pytest.mark.parametrize(("at", "values"), [(12, (0.0, 0.0, 0.0, 0.0)), (44, (np.nan, 0.0, 0.0))])
def test_a_pose_that_is_none_is_refused_with_its_numbers(model, at, values):
    path = model / "images.bin"
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{len(values)}d", data, at, *values)
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=r"0\.png has the rotation .*, which are no pose"):
        read_model(model, model, [])


def test_a_name_that_is_no_text_is_refused(model):
    path = model / "images.bin"
    path.write_bytes(path.read_bytes().replace(b"0.png", b"\xff.png"))
    with pytest.raises(BadInputError, match="UnicodeDecodeError"):
        read_model(model, model, [])


def camera(model, coefficient, rng):
    import pycolmap

    made = pycolmap.Camera.create_from_model_name(1, model, 500.0, 640, 480)
    params, num = np.array(made.params), len(made.focal_length_idxs()) + 2
    params[num - 2 : num] += [3.0, -5.0]
    params[num:] = rng.uniform(-coefficient, coefficient, len(params) - num)
    made.params = params
    return made


@pytest.mark.parametrize("coefficient", [0.05, 0.0])
@pytest.mark.parametrize("model", DISTORTION)
def test_every_camera_projects_as_pycolmap_s_own(model, coefficient):
    """A fisheye whose coefficients are zero bends all the same: 72 px at the end of these rays."""
    rng = np.random.default_rng(0)
    theirs = camera(model, coefficient, rng)
    rays = rng.uniform(-0.7, 0.7, (50, 2))
    # Their first pixel's centre is at (0.5, 0.5).
    expected = [theirs.img_from_cam(np.array([*ray, 1.0])) - 0.5 for ray in rays]
    seen = np.stack(_seen_at(_camera(theirs, "test"), *rays.T), -1)
    np.testing.assert_allclose(seen, expected, atol=1e-9)


def test_a_camera_that_is_not_read_is_named():
    with pytest.raises(BadInputError, match="camera model THIN_PRISM_FISHEYE is not read"):
        _camera(camera("THIN_PRISM_FISHEYE", 0.01, np.random.default_rng(0)), "images.txt: a.jpg")
