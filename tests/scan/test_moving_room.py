"""Without photos, and the camera in the hand: the room from along its path, nothing else in it."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from tests.scan.films import CAMERA, NUM_FRAMES, SIZE, Film, block, commit_film, room
from xsim_core.artifacts import PosedImages
from xsim_core.errors import QualityGateError
from xsim_core.geometry import inverse_se3, look_at, transform_points
from xsim_core.scan import ScanConfig
from xsim_core.stage import run_stage
from xsim_core.stages import SCAN


@dataclass(frozen=True)
class Moving(Film):
    """The film, and where its camera was."""

    poses: np.ndarray = None


@cache
def film(shift_m, seed=0):
    """The block is moved along y between frames 8 and 16, while the camera goes by."""
    rng, frames, depths, boxes = np.random.default_rng(seed), [], [], []
    along = np.linspace(-0.5, 0.5, NUM_FRAMES)
    poses = np.stack([look_at([-0.25, 0.5 * s, 0.6 + 0.1 * s], [0.5, 0, 0]) for s in along])
    for i, T in enumerate(poses):
        rgb, depth_m = room(T)
        centre = np.array([0.5, shift_m * (np.clip((i - 8) / 8, 0, 1) - 0.5), SIZE[2] / 2])
        thing_m = block(T, centre)
        is_thing = thing_m < depth_m
        boxes.append(is_thing)
        rgb[is_thing], depth_m = (200, 60, 40), np.minimum(depth_m, thing_m)
        if 6 <= i < 18:
            v, u = np.mgrid[:72, :96]
            mid = CAMERA.project(transform_points(inverse_se3(T), centre[None]))[0]
            hand = (np.abs(v - mid[1]) < 5) & (u > mid[0])
            rgb[hand], depth_m[hand] = (210, 160, 130), 0.55
        frames.append(np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).round().astype(np.uint8))
        depth_m = depth_m + rng.normal(0, 0.001, depth_m.shape) * depth_m**2
        depths.append(np.rint(1000 * depth_m).astype(np.uint16))
    v, u = np.nonzero(boxes[0])
    box = (float(u.min() - 1), float(v.min() - 1), float(u.max() + 1), float(v.max() + 1))
    still = Film(np.stack(frames), np.stack(depths), poses[0], None, None, box, None, None)
    return Moving(**still.__dict__, poses=poses)


def scanned(store, taken, has_pose=None):
    capture = commit_film(store, taken, poses=taken.poses, has_pose=has_pose)
    return store.open(run_stage(SCAN, ScanConfig(), store, {"capture": capture.ref}), PosedImages)


@pytest.mark.parametrize("seed", [0, 1])
def test_hand_and_object_are_gone_from_every_viewpoint(store, seed):
    images = scanned(store, film(0.24, seed))
    T, rooms = images.array("T_world_cam"), images.array("images")
    assert 8 <= len(T) <= 20
    assert len(np.unique(T[:, 1, 3].round(3))) == len(T)
    held = images.array("is_held_out")
    assert held.sum() == len(T) // 4
    for pose, picture in zip(T, rooms, strict=True):
        off = np.abs(picture.astype(float) - room(pose)[0]).max(-1)
        assert np.quantile(off, 0.97) < 15  # A frame's own noise is 3 steps.
        assert (off > 60).mean() < 0.002  # The block is 130 steps off, the hand 90.
    told = " ".join(images.summary.notes)
    assert "what the moving camera saw of it from" in told


def test_the_table_is_where_it_is(store):
    points = scanned(store, film(0.24)).array("points_world")
    near = np.linalg.norm(points[:, :2] - [0.5, 0], axis=1) < 0.3
    assert near.sum() > 300
    assert abs(np.median(points[near, 2])) < 0.001
    assert np.quantile(np.abs(points[near, 2]), 0.95) < 0.004


def test_an_object_that_nobody_moves_is_cut_out_and_said(store):
    images = scanned(store, film(0.0))
    points = images.array("points_world")
    near = np.linalg.norm(points[:, :2] - [0.5, 0], axis=1) < 0.1
    assert near.sum() > 100
    assert np.quantile(points[near, 2], 0.98) < 0.012  # The block is 60 mm high.
    red = np.array([200, 60, 40])
    for pose, picture in zip(images.array("T_world_cam"), images.array("images"), strict=True):
        is_red = (np.abs(picture.astype(float) - red) < 30).all(-1)
        is_room = (np.abs(room(pose)[0] - red) < 60).all(-1)  # Far off the table looks so too.
        assert (is_red & ~is_room).sum() < 12
    assert "pixels were covered in the whole film" in " ".join(images.summary.notes)


def test_frames_whose_camera_is_not_known_are_not_looked_at(store):
    taken = film(0.24)
    has_pose, poses = np.ones(NUM_FRAMES, bool), taken.poses.copy()
    has_pose[10:14], poses[10:14] = False, look_at([-0.6, 0.9, 0.3], [0.5, 0, 0])
    T = scanned(store, replace(taken, poses=poses), has_pose).array("T_world_cam")
    assert np.linalg.norm(T[:, :3, 3] - poses[10, :3, 3], axis=1).min() > 0.3


def test_a_camera_that_hardly_moves_gives_no_room(store):
    taken = film(0.24)
    with pytest.raises(QualityGateError, match="looks from 1 places only"):
        scanned(store, replace(taken, poses=np.tile(taken.poses[:1], (NUM_FRAMES, 1, 1))))
