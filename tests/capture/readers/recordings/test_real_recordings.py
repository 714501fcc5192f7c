"""Real pictures and recordings are read as they are."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.readers import read_mesh, read_photos, read_video, read_video_and_unit

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[5] / "shared" / "data"))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not ROOT.exists(), reason=f"no recordings at {ROOT} (set XSIM_REAL_DATA)"),
]


def test_the_desk_is_a_folder_as_people_have_it():
    video, unit = read_video_and_unit(ROOT / "desk_rgbd", notes := [])
    assert video.rgb.shape == (60, 480, 640, 3)
    assert notes == ["no timestamps.txt: 30 frames a second assumed"]
    assert (unit.metres, unit.how) == (1e-3, "assumed")
    np.testing.assert_array_equal(video.K, np.loadtxt(ROOT / "desk_rgbd" / "cam_K.txt"))
    assert 300 < np.median(video.depth_mm[video.depth_mm > 0]) < 2000


def test_the_desk_without_padded_names_and_with_a_frame_lost(tmp_path):
    whole = read_video(ROOT / "desk_rgbd")
    shutil.copy(ROOT / "desk_rgbd" / "cam_K.txt", tmp_path)
    for name in ("rgb", "depth"):
        (tmp_path / name).mkdir()
        for i in range(12):
            source = ROOT / "desk_rgbd" / name / f"{i:06d}.png"
            (tmp_path / name / f"{i}.png").symlink_to(source)
    (tmp_path / "depth" / "4.png").unlink()
    lossy = read_video(tmp_path)
    kept = [i for i in range(12) if i != 4]
    np.testing.assert_array_equal(lossy.rgb, whole.rgb[kept])
    np.testing.assert_array_equal(lossy.depth_mm, whole.depth_mm[kept])
    np.testing.assert_allclose(lossy.timestamps_s, whole.timestamps_s[kept])


def test_photos_come_in_the_order_they_were_taken(tmp_path):
    for i in range(20):
        (tmp_path / f"{i}.jpg").symlink_to(ROOT / "hand_eye_ur5" / f"{i}.jpg")
    photos = read_photos(tmp_path, notes := [])
    assert photos.shape == (20, 1080, 1440, 3)
    assert notes == []
    one = read_photos(_only(tmp_path, "10.jpg"))
    np.testing.assert_array_equal(photos[10], one[0])


def _only(folder, name):
    for path in folder.iterdir():
        if path.name != name:
            path.unlink()
    return folder


def test_photos_of_the_table():
    photos = read_photos(ROOT / "photos_tags_table" / "rgb", notes := [])
    assert photos.shape == (75, 720, 1280, 3)
    assert notes == []


def test_meshes_that_tell_no_colours_are_learnt():
    cube = read_mesh(ROOT / "desk_rgbd" / "mesh" / "cube.obj", notes := [])
    assert not cube.is_textured
    assert len(notes) == 1
    assert notes[0].startswith("mesh: it has no colours: tracking learns them from the video")
    bottle = read_mesh(ROOT / "ycb_mustard" / "textured_simple.obj", notes := [])
    assert not bottle.is_textured
    assert "refers to textured_simple.obj.mtl, which is not in ycb_mustard" in notes[0]
    assert "one flat colour [192, 192, 192]" in notes[1]
