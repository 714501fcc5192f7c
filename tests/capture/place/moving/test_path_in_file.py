"""xsim_core/capture/place/moving/path_in_file.py: what a path that came with a film means."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.film.odometry.films import path
from xsim_core.capture.place.moving.given_path import AboutPath, GivenPath
from xsim_core.capture.place.moving.path_in_file import path_in_file
from xsim_core.capture.place.moving.seen_path import SeenPath
from xsim_core.capture.place.rigid import axes_rotation
from xsim_core.capture.place.spec import CameraPathSpec
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, rotation_angle, se3_exp

AHEAD_M, N = 0.75, 24
ELSEWHERE = make_se3(
    Rotation.from_euler("xyz", [20, -35, 110], degrees=True).as_matrix(), [3, 1, 2]
)
"""The file's frame has nothing to do with the world's."""


def truth(faster=1.0, to_and_fro_m=0.0):
    """``T_file_cam`` (24, 4, 4)."""
    T = ELSEWHERE @ path(N)
    T[:, :3, 3] *= faster
    T[:, :3, 3] += np.outer(to_and_fro_m * np.sin(0.9 * np.arange(N)), [0.6, -0.8, 0])
    return T


def seen(*how):
    """By the room alone, as exact as that is: a millimetre or two, a tenth of a degree."""
    rng = np.random.default_rng(1)
    noise = se3_exp(rng.normal(0, [1e-3] * 3 + [1e-3] * 3, (N, 6)))
    return SeenPath(inverse_se3(truth(*how)[2]) @ truth(*how) @ noise, np.ones(N, bool), "room")


def in_file(maps="camera_to_world", axes="opencv", unit_m=1.0, how=()):
    """The path as a file with such conventions holds it."""
    T = truth(*how)
    T[:, :3, :3] = T[:, :3, :3] @ axes_rotation(axes).T
    T[:, :3, 3] /= unit_m
    return T if maps == "camera_to_world" else inverse_se3(T)


def asked(T, *, said=None, has_pose=None, room=None, **about):
    about = AboutPath(name="poses", form="a test", **about)
    known = np.ones(len(T), bool) if has_pose is None else np.array(has_pose)
    spec = CameraPathSpec(file="poses", **(said or {}))
    notes = []
    room = seen() if room is None else room
    return path_in_file(GivenPath(T, known, about), spec, room, AHEAD_M, notes), notes


def is_the_path(found, *, within_m=1e-9):
    off = np.linalg.norm((found.T_path_cam - truth())[:, :3, 3], axis=1)
    turned = rotation_angle(found.T_path_cam[:, :3, :3], truth()[:, :3, :3])
    return off.max() < within_m and turned.max() < max(np.deg2rad(0.3), within_m)


def test_a_path_that_agrees_is_taken_as_it_is_and_how_well_is_said():
    found, notes = asked(in_file(), maps="camera_to_world", axes="opencv", unit_m=1.0)
    assert is_the_path(found)
    assert found.has_pose.all()
    (told,) = notes
    assert "mm apart in the median of 24 frames" in told
    assert int(told.split(" mm apart")[0].split()[-1]) <= 3


@pytest.mark.parametrize(
    ("maps", "axes", "unit_m"),
    [
        ("camera_to_world", "opencv", 1e-3),
        ("world_to_camera", "opencv", 1e-2),
        ("camera_to_world", "opengl", 1.0),
        ("world_to_camera", "ros_link", 1.0),
        ("camera_to_world", "opengl_clockwise", 1e-3),
    ],
)
def test_what_a_file_leaves_open_the_film_tells(maps, axes, unit_m):
    found, notes = asked(in_file(maps, axes, unit_m))
    assert is_the_path(found)
    is_guess = (maps, axes) != ("camera_to_world", "opencv")
    assert any(f"`maps: {maps}, axes: {axes}`, a guess" in n for n in notes) == is_guess
    said_unit = any(f"one of its units is taken for {unit_m:g} m" in n for n in notes)
    assert said_unit == (unit_m != 1)


def test_lengths_without_a_unit_are_measured_by_the_film():
    found, notes = asked(in_file(axes="opengl", unit_m=0.8444), axes="opengl", has_metres=False)
    steps = [
        np.linalg.norm(np.diff(T[:, :3, 3], axis=0), axis=1) for T in (found.T_path_cam, truth())
    ]
    assert steps[0].sum() == pytest.approx(steps[1].sum(), rel=0.02)
    assert any("one of its units is taken for 0.8" in n for n in notes)


def test_a_factor_is_said_and_refused_with_its_mend():
    metres = {"maps": "camera_to_world", "axes": "opencv", "unit_m": 1.0}
    with pytest.raises(BadInputError, match=r"0\.9\d\d of what .*`metres_per_unit: 1\.0[78]"):
        asked(in_file(unit_m=1.075, how=(4,)), room=seen(4), **metres)
    _, notes = asked(in_file(unit_m=1.025, how=(4,)), room=seen(4), **metres)
    assert any("`metres_per_unit: 1.02" in n or "`metres_per_unit: 1.03" in n for n in notes)


def test_what_a_person_stated_wrongly_is_refused_with_what_fits():
    said = {"maps": "camera_to_world", "axes": "opencv"}
    with pytest.raises(BadInputError, match=r"It fits as `maps: world_to_camera, axes: opengl`"):
        asked(in_file("world_to_camera", "opengl"), said=said)


def test_a_clock_that_is_off_is_told_in_frames():
    T = in_file(how=(1, 0.3))
    late = np.concatenate([T[2:], T[-2:]])
    with pytest.raises(BadInputError, match="poses are taken 2 frames earlier: correct its times"):
        asked(late, room=seen(1, 0.3))


def test_another_film_s_path_is_refused():
    T = in_file()
    T[:, :3, 3] += np.random.default_rng(0).normal(0, 0.2, (N, 3))
    with pytest.raises(BadInputError, match="No direction, axes, unit or shift in time mends that"):
        asked(T)


def test_frames_without_a_pose_and_with_a_wrong_one_are_told_by_the_room():
    T = in_file()
    T[4, :3, 3] += 0.3
    found, notes = asked(T, has_pose=np.arange(N) != 9)
    assert found.has_pose.all()
    assert is_the_path(found, within_m=0.01)
    assert any("1 poses are farther off than 5 cm (the first is of frame 4)" in n for n in notes)
    assert any("where it has none, 1 poses are the room's" in n for n in notes)


def test_without_a_room_a_path_is_taken_unchecked_and_said_to_be():
    none = SeenPath(np.tile(np.eye(4), (N, 1, 1)), np.zeros(N, bool), "")
    found, notes = asked(in_file(unit_m=1e-3), room=none, unit_m=1e-3)
    assert is_the_path(found)
    assert "taken unchecked, as `maps: camera_to_world, axes: opencv`" in notes[0]
    with pytest.raises(BadInputError, match="State `metres_per_unit` below camera_path"):
        asked(in_file(), room=none, has_metres=False)
