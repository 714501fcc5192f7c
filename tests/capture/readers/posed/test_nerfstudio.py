"""A transforms.json means what nerfstudio's dataparser makes of it; what cannot be is refused."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers.posed.nerfstudio import GL_TO_CV, read_transforms
from xsim_core.capture.readers.posed.posed_photos import read_posed_photos
from xsim_core.errors import BadInputError
from xsim_core.geometry import look_at, make_se3, so3_exp

W, H = 48, 36
AXES = (("x", W, 40.0), ("y", H, 43.0))
T_WORLD_CAM = [
    look_at([0.5 + 0.6 * np.cos(a), 0.6 * np.sin(a), 0.5], [0.5, 0, 0]) for a in (0, 1, 2)
]


def frame(name, matrix):
    return {"frames": [{"file_path": name, "transform_matrix": matrix}]}


def write(folder, *, photos=None, **changes):
    """A folder as nerfstudio has it; ``changes`` to the file's keys, None leaves one out."""
    (folder / "images").mkdir(parents=True)
    told = {
        "camera_model": "OPENCV", "fl_x": 40.0, "fl_y": 41.0, "cx": 24.5, "cy": 18.0, "w": W,
        "h": H, "frames": [],
    }  # fmt: skip
    for i, T in enumerate(T_WORLD_CAM):
        image = photos[i] if photos is not None else np.full((H, W, 3), 60 + i, np.uint8)
        Image.fromarray(image).save(folder / f"images/{i}.png")
        told["frames"].append(
            {"file_path": f"images/{i}.png", "transform_matrix": (T @ GL_TO_CV).tolist()}
        )
    told = {k: v for k, v in (told | changes).items() if v is not None}
    (folder / "transforms.json").write_text(json.dumps(told))
    return told


def test_poses_are_in_opencv_s_axes_and_pixels_count_from_centres(tmp_path):
    write(tmp_path)
    photos = read_transforms(tmp_path / "transforms.json", [])
    np.testing.assert_allclose([p.T_given_cam for p in photos], T_WORLD_CAM, atol=1e-12)
    np.testing.assert_allclose(photos[0].camera.K, [[40, 0, 24.0], [0, 41, 17.5], [0, 0, 1]])


def test_what_nerfstudio_applied_is_undone(tmp_path):
    told = write(tmp_path)
    applied = make_se3(so3_exp([0.3, -0.8, 0.2]), [0.4, 0.1, -0.7])
    for one in told["frames"]:
        T = applied @ np.array(one["transform_matrix"])
        T[:3, 3] *= 2.5
        one["transform_matrix"] = T.tolist()
    told |= {"applied_transform": applied[:3].tolist(), "applied_scale": 2.5}
    (tmp_path / "transforms.json").write_text(json.dumps(told))
    photos = read_transforms(tmp_path / "transforms.json", [])
    np.testing.assert_allclose([p.T_given_cam for p in photos], T_WORLD_CAM, atol=1e-12)


def test_a_lens_is_undone(tmp_path):
    """A grid of dots through a lens lies where a pinhole camera sees it."""
    K, bent = np.array([[400.0, 0, 160], [0, 400, 120], [0, 0, 1]]), np.array([-0.2, 0.05, 0, 0])
    v, u = np.mgrid[60:200:40, 60:280:40]
    ideal = np.stack([(u - 160) / 400, (v - 120) / 400, np.ones(u.shape)], -1).reshape(-1, 1, 3)
    seen = cv2.projectPoints(ideal, np.zeros(3), np.zeros(3), K, bent)[0].reshape(-1, 2)
    photo = np.full((240, 320, 3), 30, np.uint8)
    for x, y in seen:
        cv2.circle(photo, (round(x * 16), round(y * 16)), 48, (255,) * 3, -1, cv2.LINE_AA, 4)
    write(
        tmp_path,
        photos=[photo] * 3,
        w=320,
        h=240,
        fl_x=400.0,
        fl_y=400.0,
        cx=160.5,
        cy=120.5,
        k1=-0.2,
        k2=0.05,
    )
    found = read_posed_photos(tmp_path, "transforms.json", notes := [])
    assert any("without distortion" in note for note in notes)
    bright = (found.images[0][..., 0] > 120).astype(np.uint8)
    *_, middles = cv2.connectedComponentsWithStats(bright)
    pixels = (found.K @ ideal.reshape(-1, 3).T).T[:, :2]
    inside = ((pixels > 4) & (pixels < (315, 235))).all(1)
    assert inside.sum() >= 12
    apart = np.linalg.norm(pixels[inside][:, None] - middles[None, 1:], axis=-1).min(1)
    assert apart.max() < 0.35
    # Nothing black at the edges, where the lens showed nothing.
    assert found.images.min() >= 25


def test_a_camera_may_be_told_by_its_angle_and_photos_be_smaller(tmp_path):
    angle = 2 * np.arctan(W / 80)
    write(tmp_path, fl_x=None, fl_y=None, camera_angle_x=angle, w=2 * W, h=2 * H, cx=None, cy=None)
    found = read_posed_photos(tmp_path, "transforms.json", [])
    expected = W / (2 * np.tan(angle / 2))
    np.testing.assert_allclose(
        found.K, [[expected, 0, (W - 1) / 2], [0, expected, (H - 1) / 2], [0, 0, 1]], atol=1e-9
    )


def test_instant_ngp_says_otherwise_that_a_lens_is_a_fisheye_s(tmp_path):
    """No ``camera_model``: ``is_fisheye`` says what k1 to k4 are (its json_binding.h)."""
    bends = {"k1": 0.01, "k2": -0.02, "k3": 0.003, "k4": -0.001, "p1": 0.0, "p2": 0.0}
    for is_fisheye in (True, False):
        folder = tmp_path / str(is_fisheye)
        write(folder, camera_model=None, is_fisheye=is_fisheye, **(bends if is_fisheye else {}))
        lens = read_transforms(folder / "transforms.json", [])[0].camera.lens
        assert lens.model == ("equidistant" if is_fisheye else "none")
    write(tmp_path / "n", is_fisheye=True, **bends)  # nerfstudio's own word counts more.
    named = read_transforms(tmp_path / "n/transforms.json", [])[0].camera.lens
    assert named.model == "plumb_bob"


def test_each_axis_has_its_angle(tmp_path):
    angles = {f"camera_angle_{a}": 2 * np.arctan(n / 2 / f) for a, n, f in AXES}
    write(tmp_path, fl_x=None, fl_y=None, **angles)
    K = read_transforms(tmp_path / "transforms.json", [])[0].camera.K
    np.testing.assert_allclose(np.diag(K)[:2], [f for _, _, f in AXES])


def test_matrices_with_a_scale_keep_their_translations(tmp_path):
    told = write(tmp_path)
    for one in told["frames"]:
        T = np.array(one["transform_matrix"])
        T[:3, :3] /= 844.4
        one["transform_matrix"] = T.tolist()
    (tmp_path / "transforms.json").write_text(json.dumps(told))
    photos = read_transforms(tmp_path / "transforms.json", notes := [])
    np.testing.assert_allclose([p.T_given_cam for p in photos], T_WORLD_CAM, atol=1e-12)
    assert "rotations of 3 matrices have a scale" in notes[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (frame("../0.png", np.eye(4).tolist()), "lies outside"),
        (frame("images/0.png", np.diag([1, 1, -1, 1]).tolist()), "no rotation"),
        (frame("images/0.png", "here"), "no 4x4 or 3x4"),
        ({"frames": "none"}, "no list 'frames'"),
        ({"camera_model": "EQUIRECTANGULAR"}, "EQUIRECTANGULAR is not read"),
        ({"fl_x": "wide"}, "'fl_x' is 'wide'"),
        ({"w": W, "h": W}, "not the photos that were solved"),
        ({"applied_transform": [[1, 2, 3, 4]] * 3}, "applied_transform is no rotation"),
        ({"frames": []}, "names no photo"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, changes, told):
    write(tmp_path, **changes)
    with pytest.raises(BadInputError, match=told):
        read_posed_photos(tmp_path, "transforms.json", [])


def test_photos_of_two_cameras_become_one(tmp_path):
    told = write(tmp_path)
    told["frames"][2] |= {"fl_x": 50.0, "fl_y": 50.0}
    (tmp_path / "transforms.json").write_text(json.dumps(told))
    found = read_posed_photos(tmp_path, "transforms.json", notes := [])
    assert any("of 2 cameras" in note for note in notes)
    # The narrower view is all that both have.
    assert found.K[0, 0] == pytest.approx(50, abs=0.5)
