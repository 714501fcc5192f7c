"""The child process: killed at the deadline, resumed from its database, gated."""

import contextlib
import dataclasses
import sqlite3

import numpy as np
import pytest

from xsim_core.errors import QualityGateError, XSimError
from xsim_core.scan.sfm import SfmModel, check_sfm, run_sfm

from .scenes import photo_set

SETTINGS = {"max_num_features": 512, "camera_params": None, "num_threads": 2, "seed": 0}
PHOTOS = np.zeros((10, 480, 640, 3), np.uint8)


def quiet(fraction, figures):
    del fraction, figures


def test_a_run_out_of_time_is_killed_and_can_be_resumed(tmp_path):
    photos = photo_set(12).photos[:4]
    with pytest.raises(XSimError, match="took longer than 0 s"):
        run_sfm(photos, tmp_path, settings=SETTINGS, timeout_s=0.0, progress=quiet)
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "photos").iterdir()}
    assert len(written) == 4
    model = run_sfm(photos, tmp_path, settings=SETTINGS, timeout_s=120.0, progress=quiet)
    assert len(model.photo_index) == 4
    assert written == {p: p.stat().st_mtime_ns for p in (tmp_path / "photos").iterdir()}
    with contextlib.closing(sqlite3.connect(tmp_path / "database.db")) as rows:
        assert rows.execute("SELECT COUNT(*) FROM descriptors").fetchone()[0] == 4


def test_the_same_photos_give_the_same_bits(tmp_path):
    photos = photo_set(12).photos[:5]
    first, again = (
        run_sfm(photos, tmp_path / name, settings=SETTINGS, timeout_s=120.0, progress=quiet)
        for name in ("first", "again")
    )
    for name, value in vars(first).items():
        np.testing.assert_array_equal(value, getattr(again, name), err_msg=name)


def test_a_crash_of_the_child_is_reported_with_its_last_words(tmp_path):
    with pytest.raises(XSimError, match=r"failed \(exit .*: .*num_threads"):
        run_sfm(
            PHOTOS,
            tmp_path,
            settings={**SETTINGS, "num_threads": "many"},
            timeout_s=60.0,
            progress=quiet,
        )


@pytest.fixture
def model():
    return SfmModel(
        photo_index=np.arange(10),
        T_cam_sfm=np.tile(np.eye(4), (10, 1, 1)),
        K=np.array([[600.0, 0, 319.5], [0, 600, 239.5], [0, 0, 1]]),
        radial=0.0,
        points_sfm=np.zeros((5, 3)),
        points_rgb=np.zeros((5, 3), np.uint8),
        reprojection_error_px=0.5,
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"photo_index": np.arange(3)}, "only 3 of 10 photos could be registered"),
        ({"K": np.diag([24.5, 24.5, 1.0])}, "focal length is 24 px for images of 640 px"),
        ({"reprojection_error_px": 3.5}, "miss their pixels by 3.50 px"),
    ],
)
def test_degenerate_models_are_refused(model, change, words):
    check_sfm(model, PHOTOS, min_registered=0.6, max_reprojection_px=2.0)
    with pytest.raises(QualityGateError, match=words):
        check_sfm(
            dataclasses.replace(model, **change),
            PHOTOS,
            min_registered=0.6,
            max_reprojection_px=2.0,
        )


def test_what_is_known_of_the_others_is_said(model):
    few = dataclasses.replace(model, photo_index=np.arange(3))
    with pytest.raises(QualityGateError, match=r"needed\) \(of the others 7 no overlap\)\. Take"):
        check_sfm(few, PHOTOS, min_registered=0.6, max_reprojection_px=2.0, why="7 no overlap")
