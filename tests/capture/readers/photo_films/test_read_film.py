"""A film in the place of a folder of photos: chosen frames as they were, their times, refusals."""

import re
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture.gates.stated import poses_file
from xsim_core.capture.identity import source_files
from xsim_core.capture.layout import read_capture_file
from xsim_core.capture.readers import read_photos
from xsim_core.capture.recognise import look_around
from xsim_core.errors import BadInputError

from .films import FPS, H, W, walk, write_film


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return write_film(tmp_path_factory.mktemp("phone") / "room.mp4", walk())


def test_sharp_frames_from_places_apart_are_taken_and_told(film):
    photos = read_photos(film, notes := [])
    assert photos.shape[1:] == (H, W, 3)
    assert 8 <= len(photos) <= 60
    (note,) = notes
    assert note.startswith(f"photos: {len(photos)} of the 75 frames of room.mp4 are taken")
    times = [float(t) for t in re.findall(r"\d+\.\d\d", note.partition(" at ")[2])]
    numbers = np.rint(np.array(times) * FPS).astype(int)
    assert len(numbers) == len(photos)
    assert (np.diff(numbers) > 0).all()
    assert (numbers % 2 == 0).all()  # Every second frame is blurred.
    # Of 255, by H.264, whose colours are of half the size.
    error = np.abs(photos.mean(axis=-1) - walk()[numbers].mean(axis=-1)).mean(axis=(1, 2))
    others = np.abs(photos.mean(axis=-1) - walk()[numbers - 1].mean(axis=-1)).mean(axis=(1, 2))
    assert (error < 0.5 * others).all(), (error, others)
    # Where the camera stood for a second there is one place.
    assert ((numbers >= 30) & (numbers < 45)).sum() <= 2


def test_a_camera_that_hardly_moves_is_refused(tmp_path):
    file = write_film(tmp_path / "room.mp4", np.repeat(walk()[:1], 20, axis=0))
    with pytest.raises(BadInputError, match=r"hardly moved in its 20 frames; only 1 see"):
        read_photos(file)


def test_what_is_no_film_is_refused_with_the_mend(tmp_path, film):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:2000])
    with pytest.raises(BadInputError, match=r"broken\.mp4.*Export the film again"):
        read_photos(broken)
    with pytest.raises(BadInputError, match=r"absent\.mp4.*Export the film again"):
        read_photos(tmp_path / "absent.mp4")


def test_a_film_among_no_photos_is_to_be_named(film):
    with pytest.raises(BadInputError, match=r"`photos: phone\d*/room\.mp4`"):
        read_photos(film.parent)


def lay(folder, film, more=""):
    (folder / "room.mp4").write_bytes(film.read_bytes())
    text = f"name: a\nobject_name: b\nvideo: take\nphotos: room.mp4\nworld: table\n{more}"
    (folder / "capture.yaml").write_text(text)


def test_the_film_is_part_of_the_capture(tmp_path, film):
    lay(tmp_path, film)
    assert tmp_path / "room.mp4" in source_files(tmp_path)


def test_poses_of_a_films_frames_are_refused(tmp_path, film):
    lay(tmp_path, film)
    assert poses_file(read_capture_file(tmp_path), tmp_path) is None
    lay(tmp_path, film, "photo_poses: {file: transforms.json}\n")
    with pytest.raises(BadInputError, match="'photos' is a film, whose chosen frames have no name"):
        poses_file(read_capture_file(tmp_path), tmp_path)


def test_a_lone_film_is_recognised_as_the_rooms(tmp_path, film):
    (tmp_path / "IMG_0123.MOV").write_bytes(film.read_bytes())
    (found,) = look_around(tmp_path)[0].photos
    assert (found.path, found.is_usable) == ("IMG_0123.MOV", True)
    assert found.what == f"a film of {W}x{H}, 5 s; its sharpest frames become the photos"
