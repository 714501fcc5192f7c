"""Twelve real photos of a Buddha head (alicevision/dataset_buddha) against published matrices."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from xsim_core.geometry import rotation_angle
from xsim_core.scan.align import apply_similarity, fit_similarity
from xsim_core.scan.sfm import run_sfm

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
BUDDHA = ROOT / "photos_buddha"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not BUDDHA.exists(), reason=f"no photos at {BUDDHA} (set XSIM_REAL_DATA)"),
]


def published_camera(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Centre (3,) and rotation ``R_world_cam`` (3, 3) of a 3x4 projection matrix."""
    P = np.loadtxt(path)
    _, R_cam_world, centre, *_ = cv2.decomposeProjectionMatrix(P)
    R_cam_world = R_cam_world * np.sign(np.linalg.det(R_cam_world))
    return (centre[:3] / centre[3]).ravel(), R_cam_world.T


def neighbouring_photos(count: int) -> tuple[list[str], list[tuple[np.ndarray, np.ndarray]]]:
    """Names and cameras of the photos nearest to the first; the names follow no path."""
    names = sorted(p.stem for p in (BUDDHA / "images").glob("*.jpg"))
    cameras = [published_camera(BUDDHA / "projection" / f"{n}_P.txt") for n in names]
    nearest = np.argsort([np.linalg.norm(c - cameras[0][0]) for c, _ in cameras])[:count]
    return [names[i] for i in nearest], [cameras[i] for i in nearest]


def test_cameras_agree_with_the_published_ones(tmp_path):
    names, published = neighbouring_photos(12)
    photos = [cv2.imread(str(BUDDHA / "images" / f"{name}.jpg")) for name in names]
    photos = np.stack([cv2.resize(p, (912, 513), interpolation=cv2.INTER_AREA) for p in photos])
    settings = {"max_num_features": 2048, "camera_params": None, "num_threads": 2, "seed": 0}
    model = run_sfm(
        photos[..., ::-1], tmp_path, settings=settings, timeout_s=200.0, progress=lambda *_: None
    )
    # The farthest two of the twelve look at another side of the head.
    assert len(model.photo_index) >= 9
    assert model.reprojection_error_px < 0.8
    published = [published[i] for i in model.photo_index]
    centres, R_world_cam = (np.stack(values) for values in zip(*published, strict=True))
    R_sfm_cam = np.swapaxes(model.T_cam_sfm[:, :3, :3], 1, 2)
    centres_sfm = -(R_sfm_cam @ model.T_cam_sfm[:, :3, 3:])[..., 0]
    s, R, t = fit_similarity(centres_sfm, centres)
    found = apply_similarity(model.T_cam_sfm, s, R, t)
    spread = np.linalg.norm(centres - centres.mean(axis=0), axis=-1).max()
    error = np.linalg.norm(found[:, :3, 3] - centres, axis=-1)
    # A third of the published resolution and ten photos: loose, yet far from by chance.
    assert error.max() < 0.02 * spread
    assert np.degrees(rotation_angle(found[:, :3, :3], R_world_cam)).max() < 2.0
