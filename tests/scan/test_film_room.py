"""Without photos the film gives the room: what moved is gone, what was never seen is said."""

from dataclasses import replace

import numpy as np
import pytest

from xsim_core.artifacts import PosedImages
from xsim_core.errors import QualityGateError
from xsim_core.geometry import transform_points
from xsim_core.scan import ScanConfig
from xsim_core.stage import run_stage
from xsim_core.stages import SCAN

from .films import CAMERA, commit_film, film


def scanned(store, taken):
    ref = run_stage(SCAN, ScanConfig(), store, {"capture": commit_film(store, taken).ref})
    return store.open(ref, PosedImages)


def test_hand_and_object_are_gone(store):
    taken = film(shift_m=0.2)
    images = scanned(store, taken)
    rooms = images.array("images")
    assert rooms.shape == (4, 72, 96, 3)
    error = np.abs(rooms.astype(float) - taken.room_rgb).max(-1)
    # Medians of six noisy frames of 3 steps each.
    assert np.quantile(error, 0.99, axis=(1, 2)).max() < 8
    assert np.median(error[:, taken.first_mask]) < 4
    assert np.median(error[:, taken.last_mask]) < 4
    assert images.array("is_held_out").tolist() == [False, False, False, True]
    assert (images.array("photo_index") == -1).all()
    np.testing.assert_allclose(images.array("T_world_cam"), np.tile(taken.T_world_cam, (4, 1, 1)))


def test_points_are_the_room_s(store):
    taken = film(shift_m=0.2)
    points = scanned(store, taken).array("points_world")
    near = np.linalg.norm(points[:, :2] - [0.5, 0], axis=1) < 0.3
    assert near.sum() > 300
    assert np.abs(points[near, 2]).max() < 0.008


def test_what_was_covered_all_along_becomes_table_and_is_said(store):
    taken = film(shift_m=0.05)
    images = scanned(store, taken)
    always = taken.first_mask & taken.last_mask
    assert always.sum() > 40
    rooms = images.array("images")
    assert (np.abs(rooms[:, always].astype(float) - (200, 60, 40)).max(-1) > 40).all()
    points = images.array("points_world")
    near = np.linalg.norm(points[:, :2] - [0.5, 0], axis=1) < 0.1
    assert np.abs(points[near, 2]).max() < 0.01
    told = " ".join(images.summary.notes)
    assert "pixels were covered in the whole film" in told
    assert "from one viewpoint" in told


def test_the_table_goes_on_where_nobody_looked(store):
    taken = film()
    images = scanned(store, taken)
    points = images.array("points_world")
    behind = transform_points(np.linalg.inv(taken.T_world_cam), points)
    uv = CAMERA.project(behind)
    with np.errstate(invalid="ignore"):
        inside = ((uv >= -0.5) & (uv < (95.5, 71.5))).all(1)
    assert (~inside).sum() > 50
    assert np.abs(points[~inside, 2]).max() < 0.01
    assert any("continued by 20 cm" in note for note in images.summary.notes)


def test_a_film_of_a_moment_gives_no_room(store):
    taken = film()
    short = replace(taken, rgb=taken.rgb[:6], depth_mm=taken.depth_mm[:6])
    with pytest.raises(QualityGateError, match="stand still for 12 frames"):
        scanned(store, short)
