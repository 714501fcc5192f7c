"""Each photo without a pose gets its reason, in the summary's notes and on the picture."""

import contextlib
import sqlite3

import cv2
import numpy as np
import pytest

from xsim_core.artifacts import PosedImages
from xsim_core.geometry import look_at
from xsim_core.scan import ScanConfig
from xsim_core.scan.left_out import counted, left_out, notes_of, sharpnesses
from xsim_core.scan.pictures import top_view
from xsim_core.scan.sfm import SfmModel
from xsim_core.stage import run_stage
from xsim_core.stages import SCAN
from xsim_core.storage import Runtime

from .captures import commit_capture
from .scenes import photo_set

NAMES = tuple(f"IMG_{i}.jpg" for i in range(9))


def model_of(photo_index):
    n = len(photo_index)
    zeros = np.zeros((0, 3))
    return SfmModel(
        np.array(photo_index),
        np.tile(np.eye(4), (n, 1, 1)),
        np.eye(3),
        0.0,
        zeros,
        zeros.astype(np.uint8),
        0.5,
    )


def write_database(path, features, pairs):
    """As COLMAP does: images count from 1, a pair is first * 2147483647 + second."""
    with contextlib.closing(sqlite3.connect(path)) as rows:
        rows.execute("CREATE TABLE images (image_id INTEGER, name TEXT)")
        rows.execute("CREATE TABLE keypoints (image_id INTEGER, rows INTEGER)")
        rows.execute("CREATE TABLE two_view_geometries (pair_id INTEGER, rows INTEGER)")
        for i, num in enumerate(features):
            rows.execute("INSERT INTO images VALUES (?, ?)", (i + 1, f"{i:04d}.png"))
            rows.execute("INSERT INTO keypoints VALUES (?, ?)", (i + 1, num))
        for (a, b), num in pairs.items():
            pair = (a + 1) * 2147483647 + b + 1
            rows.execute("INSERT INTO two_view_geometries VALUES (?, ?)", (pair, num))
        rows.commit()


@pytest.fixture(scope="module")
def nine():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (9, 40, 60, 3)).astype(np.uint8)
    photos[4] = cv2.blur(photos[4], (9, 9))
    return photos


def test_every_reason_is_told_by_what_the_solver_kept(nine, tmp_path):
    pairs = {(0, 1): 200, (1, 2): 200, (2, 3): 200, (3, 4): 90, (3, 6): 22, (7, 8): 80, (2, 7): 6}
    write_database(tmp_path / "database.db", [500] * 5 + [20] + [500] * 3, pairs)
    found = left_out(nine, model_of([0, 1, 2, 3]), tmp_path, NAMES)
    assert [(one.name, one.reason) for one in found] == [
        ("IMG_4.jpg", "blurred"),
        ("IMG_5.jpg", "few features"),
        ("IMG_6.jpg", "not placed"),
        ("IMG_7.jpg", "apart"),
        ("IMG_8.jpg", "apart"),
    ]
    words = [one.words for one in found]
    assert "20 features, 500 in the median" in words[1]
    assert "22 matches with IMG_3.jpg at most" in words[2]
    assert words[3] == "overlaps only with 1 others that are left out"
    assert counted(found).startswith("2 of another part of the room, 1 blurred or plain")
    notes = notes_of(found, 9)
    assert notes[0].startswith("5 of 9 photos could not be registered: ")
    assert len(notes) == 6


def test_photos_that_meet_nobody_have_no_overlap(nine, tmp_path):
    write_database(tmp_path / "database.db", [500] * 9, {(0, 1): 200, (2, 8): 9})
    (found,) = left_out(nine, model_of(range(8)), tmp_path, ())
    assert (found.name, found.words) == ("photo 8", "overlaps with none (9 matches at most)")


def test_all_registered_need_no_reason(nine, tmp_path):
    assert left_out(nine, model_of(range(9)), tmp_path, NAMES) == ()
    assert notes_of((), 9) == ()


def test_sharpness_falls_with_blur(nine):
    sharp = sharpnesses(nine)
    assert np.argmin(sharp) == 4


def test_those_left_out_are_named_on_the_picture(nine, tmp_path):
    write_database(tmp_path / "database.db", [500] * 9, {})
    lost = left_out(nine, model_of(range(7)), tmp_path, NAMES)
    poses = np.stack([look_at([1.0, 0.1 * i, 0.5], [0.4, 0, 0]) for i in range(7)])
    points = np.zeros((1, 3))
    pictures = [
        top_view(poses, points, np.zeros((1, 3), np.uint8), None, some) for some in ((), lost)
    ]
    assert pictures[1] != pictures[0]


def test_a_scan_says_why_photos_are_missing(store):
    """Eight of an arc, one of them once more but shaken, and one of another room."""
    known = photo_set(8)
    shaken = cv2.blur(known.photos[3], (61, 1))
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    other = noise.repeat(4, axis=0).repeat(4, axis=1)
    photos = np.concatenate([known.photos, [shaken, other]])
    names = (*NAMES[:8], "shaken.jpg", "kitchen.jpg")
    ref = run_stage(
        SCAN,
        ScanConfig(max_num_features=1024),
        store,
        {"capture": commit_capture(store, photos, names).ref},
        runtime=Runtime(num_workers=2),
    )
    summary = store.open(ref, PosedImages).summary
    assert summary.num_images == 8
    told, *each = summary.notes
    assert told.startswith("2 of 10 photos could not be registered: ")
    assert each[0].startswith("left out: shaken.jpg: blurred, or of something plain (sharpness ")
    assert each[1].startswith("left out: kitchen.jpg: overlaps with none")
