"""xsim_core/capture/readers/one_camera.py: two focal lengths are two cameras."""

import numpy as np
from PIL import Image

from xsim_core.capture.readers import read_photos

GREY = Image.fromarray(np.full((24, 32, 3), 120, np.uint8))


def photo(path, *, model="Pixel 8", focal=6.9, film=25, zoom=None):
    exif = Image.Exif()
    exif[0x110] = model
    inner = exif.get_ifd(0x8769)
    inner[0x920A], inner[0xA405] = focal, film
    if zoom:
        inner[0xA404] = zoom
    GREY.save(path, exif=exif)


def test_photos_of_another_focal_length_are_left_out_and_said(tmp_path):
    for i in range(6):
        photo(tmp_path / f"{i}.jpg")
    photo(tmp_path / "6.jpg", focal=2.2, film=13)
    photo(tmp_path / "7.jpg", zoom=2.0)
    photo(tmp_path / "8.jpg", model="iPhone\n 15")
    GREY.save(tmp_path / "9.jpg")
    assert len(read_photos(tmp_path, notes := [])) == 7
    others = "Pixel 8, 2.2 mm: 1, Pixel 8, 6.9 mm at zoom 2: 1, iPhone 15, 6.9 mm: 1"
    assert len(notes) == 2
    begins = "photos: 3 left out (6.jpg, 7.jpg, 8.jpg), taken with another camera or focal length"
    assert notes[0].startswith(begins)
    assert f"({others}) than most (Pixel 8, 6.9 mm: 6)" in notes[0]
    assert notes[1] == "photos: 1 do not tell their focal length; taken for that of most"


def test_one_camera_or_none_that_is_told_is_left_alone(tmp_path):
    for i in range(3):
        photo(tmp_path / f"{i}.jpg")
    GREY.save(tmp_path / "3.png")
    (tmp_path / "4.jpg").write_bytes((tmp_path / "0.jpg").read_bytes())
    assert len(read_photos(tmp_path, notes := [])) == 5
    assert notes == []
