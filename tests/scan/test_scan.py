"""Photos of a known scene become poses in its frame; what cannot be right is refused."""

import numpy as np
import pytest

from xsim_core.artifacts import PosedImages
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import (
    PinholeCamera,
    detect_board,
    inverse_se3,
    rotation_angle,
    transform_points,
)
from xsim_core.scan import ScanConfig, solve_scan
from xsim_core.stage import run_stage
from xsim_core.stages import SCAN
from xsim_core.storage import ArtifactStore, Runtime

from .captures import commit_capture
from .scenes import BOARD, photo_set

CONFIG = ScanConfig(max_num_features=1024)


@pytest.fixture(scope="module")
def distorted():
    return photo_set(12, radial=-0.08)


@pytest.fixture(scope="module")
def scanned(distorted, tmp_path_factory):
    """The scan of the distorted photos, and its calls of progress."""
    store = ArtifactStore((tmp_path_factory.mktemp("scan") / "store").as_uri())
    calls = []
    ref = run_stage(
        SCAN,
        CONFIG,
        store,
        {"capture": commit_capture(store, distorted.photos).ref},
        runtime=Runtime(num_workers=2),
        progress=lambda *call: calls.append(call),
    )
    return store.open(ref, PosedImages), calls


def test_poses_and_scale_are_found(scanned, distorted):
    scan, _ = scanned
    assert scan.summary.num_images == scan.summary.num_photos == 12
    truth = distorted.T_world_cam[scan.array("photo_index")]
    T_world_cam = scan.array("T_world_cam")
    # 480x360 photos at 0.9 m: a pixel is 2 mm, and twelve views average to less than one.
    error_mm = 1000 * np.linalg.norm(T_world_cam[:, :3, 3] - truth[:, :3, 3], axis=-1)
    assert np.median(error_mm) < 3.0
    assert np.degrees(rotation_angle(T_world_cam[:, :3, :3], truth[:, :3, :3])).max() < 0.3
    points = scan.array("points_world")
    on_table = points[np.linalg.norm(points[:, :2] - [0.5, 0.0], axis=-1) < 0.3]
    assert abs(np.median(on_table[:, 2])) < 0.002


def test_the_board_decides_how_good_a_scan_is(scanned):
    scan, _ = scanned
    assert scan.summary.num_board_images >= 8
    assert scan.summary.board_rms_mm < 1.0
    assert scan.summary.reprojection_error_px < 1.0


def test_a_scan_shows_itself(scanned):
    scan, calls = scanned
    assert set(scan.file_names) == {"scan_top_view.png", "scan_board.png"}
    assert all(scan.read_file(name).startswith(b"\x89PNG") for name in scan.file_names)
    assert [fraction for fraction, _ in calls] == sorted(fraction for fraction, _ in calls)
    assert calls[-1][0] == 1.0
    assert {"photos", "pairs", "registered"} <= set(calls[0][1])


def test_every_eighth_photo_is_held_out(scanned):
    is_held_out = scanned[0].array("is_held_out")
    assert np.flatnonzero(is_held_out).tolist() == [4]


def test_undistorted_images_show_the_board_where_the_poses_say(scanned):
    scan, _ = scanned
    camera = PinholeCamera(480, 360, scan.array("K"))
    corners_world = transform_points(np.array(BOARD.T_world_board), BOARD.corners_board)
    errors_px = []
    for image, T_world_cam in zip(scan.array("images"), scan.array("T_world_cam"), strict=True):
        found = detect_board(image, BOARD)
        if found is not None:
            seen = transform_points(inverse_se3(T_world_cam), corners_world[found.ids])
            errors_px.append(np.linalg.norm(camera.project(seen) - found.pixels, axis=-1).mean())
    assert len(errors_px) >= 8
    assert np.median(errors_px) < 0.5


def test_known_intrinsics_are_kept(store):
    taken = photo_set(10)
    K = taken.camera.K
    config = ScanConfig(max_num_features=1024, intrinsics=(K[0, 0], K[1, 1], K[0, 2], K[1, 2]))
    capture = commit_capture(store, taken.photos)
    scan = store.open(run_stage(SCAN, config, store, {"capture": capture.ref}), PosedImages)
    np.testing.assert_allclose(scan.array("K"), K)
    np.testing.assert_array_equal(scan.array("images"), taken.photos)


def test_too_few_photos_are_refused(store):
    capture = commit_capture(store, np.zeros((5, 36, 48, 3), "u1"))
    with pytest.raises(BadInputError, match="has 5 photos, scan needs at least 8"):
        solve_scan(capture, config=CONFIG, out=store.begin("posed_images", "0" * 24))


def test_a_missing_board_is_said_with_the_mend(store):
    capture = commit_capture(store, photo_set(8, with_board=False).photos)
    with pytest.raises(QualityGateError, match=r"found in 0 of 8 .* at least 20 pixels"):
        solve_scan(capture, config=CONFIG, out=store.begin("posed_images", "0" * 24))


def test_photos_without_overlap_are_refused(store):
    photos = np.random.default_rng(0).integers(0, 255, (8, 90, 120, 3), dtype=np.uint8)
    capture = commit_capture(store, photos)
    with pytest.raises(QualityGateError, match="overlap"):
        solve_scan(capture, config=CONFIG, out=store.begin("posed_images", "0" * 24))
