"""xsim_core/scan/file_room.py and capture/gates/room_file.py: a room that somebody brought."""

import numpy as np
import pytest

from tests.capture.readers.rooms.rooms import block_on_table, flat_room
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.gates.room_file import Y_UP, check_room
from xsim_core.capture.place.resolve import Place
from xsim_core.errors import BadInputError
from xsim_core.geometry import (
    PinholeCamera,
    inverse_se3,
    look_at,
    matrix_to_quat_wxyz,
    quat_wxyz_to_matrix,
    transform_points,
)
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.scan.file_room import _Object, _points, _Seen, viewpoints, without_object
from xsim_core.scan.unseen import Table

CAMERA = PinholeCamera(64, 48, np.array([[60.0, 0, 31.5], [0, 60, 23.5], [0, 0, 1]]))
T_WORLD_CAM = look_at([0.9, 0.25, 0.6], [0.5, 0, 0])
BOX = (28.0, 20.0, 36.0, 28.0)
THING = _Object(Table(np.zeros(2), 0.0), np.array([0.5, 0.0, 0.03]), 0.06)


def filmed(height_m=0.0):
    """Depth of a bare table at a height, in three frames."""
    rays = CAMERA.unproject(np.ones((48, 64))) @ T_WORLD_CAM[:3, :3].T
    depth = (height_m - T_WORLD_CAM[2, 3]) / rays[..., 2]
    depth_mm = np.rint(1000 * np.where(depth > 0, depth, 0)).astype(np.uint16)
    pixels = np.zeros((3, 48, 64, 3), np.uint8)
    return RGBDVideo(pixels, np.stack([depth_mm] * 3), np.arange(3) / 10, CAMERA.K)


def checked(room, film):
    notes = []
    return check_room(room, Place(None, T_WORLD_CAM, "robot"), film, 0, BOX, notes), notes


def test_a_room_is_held_against_the_film_s_depth():
    found, notes = checked(flat_room(), filmed())
    assert int(found.split(" mm")[0]) <= 2
    assert notes == []
    _, notes = checked(flat_room(), filmed(0.015))
    assert "from the film's depth in the median" in notes[0]
    with pytest.raises(BadInputError, match=r"its surface lies \d\d mm .*metres\?"):
        checked(flat_room(), filmed(0.06))


def test_a_room_whose_y_is_up_is_told_how_to_turn():
    room = flat_room()
    T = inverse_se3(Y_UP)
    lying = {**room, "means": transform_points(T, room["means"].astype(float)).astype(np.float32)}
    R = T[:3, :3] @ quat_wxyz_to_matrix(room["quats_wxyz"].astype(float))
    lying["quats_wxyz"] = matrix_to_quat_wxyz(R).astype(np.float32)
    with pytest.raises(BadInputError, match=r"With its y axis up it is \d mm"):
        checked(lying, filmed())


def test_the_object_of_the_scan_is_cut_out_and_the_table_closed():
    room = block_on_table()
    left, num_cut, num_filled = without_object(room, THING)
    assert num_cut == (room["means"][:, 2] > 0.006).sum() > 100
    assert left["means"][:, 2].max() < 0.006
    assert num_filled > 20
    down = look_at([0.5, 0.0, 0.6], [0.5, 0.001, 0.0])
    out = render_numpy(Gaussians2D.from_colours(left), inverse_se3(down), CAMERA.K, 64, 48)
    assert out.alpha[18:30, 26:38].min() > 0.9
    np.testing.assert_allclose(out.median_depth_m[18:30, 26:38], 0.6, atol=0.004)
    again, none, _ = without_object(left, THING)
    assert none == 0
    assert len(again["means"]) == len(left["means"])


def test_viewpoints_are_all_round_and_beside_the_film_s_camera():
    poses = np.stack(viewpoints(T_WORLD_CAM, THING.middle))
    eyes = poses[:, :3, 3]
    assert (eyes[:, 2] > 0.3).all()
    assert (np.linalg.norm(eyes - T_WORLD_CAM[:3, 3], axis=1) < 0.1).sum() == 9
    azimuth = np.arctan2(*(eyes - THING.middle)[:28, 1::-1].T)
    assert np.diff(np.sort(azimuth)).max() < np.deg2rad(30)


def test_points_lie_where_the_room_is_seen_and_not_where_its_gaussians_are():
    room = flat_room()
    below = {**room, "means": room["means"] - np.float32([0, 0, 0.006])}
    both = {name: np.concatenate([values, below[name]]) for name, values in room.items()}
    shown = render_numpy(Gaussians2D.from_colours(both), inverse_se3(T_WORLD_CAM), CAMERA.K, 64, 48)
    depth_m = np.where(shown.alpha > 0.9, shown.median_depth_m, 0)
    rgb = np.rint(255 * np.clip(shown.rgb, 0, 1)).astype(np.uint8)
    seen = _Seen(rgb[None], depth_m[None].astype(np.float32), T_WORLD_CAM[None])
    points, colours = _points(seen, CAMERA)
    assert len(points) == len(colours) == (depth_m > 0).sum() > 500
    assert abs(np.median(points[:, 2])) < 0.0015
    assert np.median(both["means"][:, 2]) < -0.0025
