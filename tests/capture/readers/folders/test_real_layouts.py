"""A real recording laid out as other programs keep it: the same numbers as from its own folder."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers import read_video

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[5] / "shared" / "data"))
DESK = ROOT / "desk_rgbd"
N, T0 = 3, 1305031102.175304
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DESK.exists(), reason=f"no recording at {DESK} (set XSIM_REAL_DATA)"),
]


def link(folder, colour, name):
    """The recording's first frames by other names."""
    for kind, place in (("rgb", colour), ("depth", "depth")):
        (folder / place).mkdir(parents=True)
        for i in range(N):
            (folder / place / f"{name(i)}.png").symlink_to(DESK / kind / f"{i:06d}.png")


def lay_tum(folder):
    link(folder, "rgb", lambda i: f"{T0 + i / 30:.6f}")
    for kind in ("rgb", "depth"):
        files = sorted((folder / kind).iterdir())
        text = "\n".join(f"{file.stem} {kind}/{file.name}" for file in files)
        (folder / f"{kind}.txt").write_text(text)
    for file in (folder / "depth").iterdir():
        steps = np.asarray(Image.open(file)).astype(np.int64) * 5
        file.unlink()
        # 13.1 m is as far as 16 bits reach.
        Image.fromarray(np.where(steps > 65535, 0, steps).astype(np.uint16)).save(file)
    K = np.loadtxt(DESK / "cam_K.txt").tolist()
    told = {"fx": K[0][0], "fy": K[1][1], "cx": K[0][2], "cy": K[1][2]}
    (folder / "camera.yaml").write_text("".join(f"{k}: {v!r}\n" for k, v in told.items()))


def lay_open3d(folder):
    link(folder, "color", lambda i: f"{i:06d}")
    matrix = np.loadtxt(DESK / "cam_K.txt").T.ravel().tolist()
    told = {"width": 640, "height": 480, "intrinsic_matrix": matrix}
    (folder / "camera_intrinsic.json").write_text(json.dumps(told))


def lay_bop(folder):
    link(folder, "rgb", lambda i: f"{i:06d}")
    one = {"cam_K": np.loadtxt(DESK / "cam_K.txt").ravel().tolist(), "depth_scale": 1.0}
    (folder / "scene_camera.json").write_text(json.dumps({str(i): one for i in range(N)}))


def lay_foundationpose(folder):
    link(folder, "rgb", lambda i: str(1581120424100262102 + round(i * 1e9 / 30)))
    (folder / "cam_K.txt").symlink_to(DESK / "cam_K.txt")


@pytest.mark.parametrize("lay", [lay_tum, lay_open3d, lay_bop, lay_foundationpose])
def test_the_numbers_are_those_of_the_plain_folder(tmp_path, lay):
    link(tmp_path / "plain", "rgb", lambda i: f"{i:06d}")
    (tmp_path / "plain" / "cam_K.txt").symlink_to(DESK / "cam_K.txt")
    lay(tmp_path / "laid")
    plain, laid = read_video(tmp_path / "plain"), read_video(tmp_path / "laid")
    np.testing.assert_array_equal(laid.rgb, plain.rgb)
    np.testing.assert_array_equal(laid.K, plain.K)
    is_held = (
        plain.depth_mm <= 65535 // 5 if lay is lay_tum else np.ones(plain.depth_mm.shape, bool)
    )
    np.testing.assert_array_equal(laid.depth_mm[is_held], plain.depth_mm[is_held])
    assert is_held.mean() > 0.999
    np.testing.assert_allclose(laid.timestamps_s, plain.timestamps_s, atol=1e-6)
