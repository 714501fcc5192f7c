"""The scan stage: posed images of the room, metric and in the robot-base frame."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, PosedImages
from xsim_core.errors import BadInputError
from xsim_core.files.windows import arrays_below, each, empty, let_go
from xsim_core.geometry import PinholeCamera, inverse_se3
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .align import find_board_corners
from .config import ScanConfig
from .file_room import room_from_file
from .film_room import room_from_film
from .left_out import LeftOut, counted, left_out, notes_of
from .pictures import board_picture, top_view
from .sfm import SfmModel, check_known_poses, check_sfm, run_sfm
from .to_world import check_something_tells, to_world


def solve_scan(
    capture: OpenArtifact[Capture], *, config: ScanConfig, out: ArtifactWriter
) -> PosedImages:
    """Images of the empty room with their cameras, from what the capture has of it.

    Raises:
        BadInputError: too few photos, or nothing that tells where they were taken.
        QualityGateError: too few registered, degenerate focal length, board not found or not flat;
            no still stretch of film.
    """
    match capture.summary.room:
        case "photos":
            return _from_photos(capture, config=config, out=out)
        case "film":
            return room_from_film(capture, out=out)
        case "file":
            return room_from_file(capture, out=out)


def _from_photos(
    capture: OpenArtifact[Capture], *, config: ScanConfig, out: ArtifactWriter
) -> PosedImages:
    """Camera poses and intrinsics from the photos, by SfM and the printed board."""
    summary, photos = capture.summary, capture.frames("photos")
    check_something_tells(summary)
    if len(photos) < config.min_photos:
        raise BadInputError(
            f"capture '{summary.name}' has {len(photos)} photos, scan needs at least "
            f"{config.min_photos} (30 or more from all around are better)"
        )
    T_cam_known, K = _known(capture)
    workdir = out.scratch() / "sfm"
    model = run_sfm(
        photos,
        workdir,
        settings=_settings(config, K, out.runtime.num_workers),
        timeout_s=config.timeout_s,
        progress=lambda f, figures: out.progress(0.9 * f, figures),
        T_cam_known=T_cam_known,
    )
    lost = left_out(photos, model, workdir, summary.photo_names)
    check_sfm(
        model,
        photos,
        min_registered=config.min_registered,
        max_reprojection_px=config.max_reprojection_px,
        why=counted(lost),
    )
    if T_cam_known is not None:
        check_known_poses(model)
    with TemporaryDirectory(dir=out.scratch()) as place, arrays_below(Path(place)):
        return _commit(photos, model, lost, summary, config, out)


def _known(
    capture: OpenArtifact[Capture],
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """``T_cam_given`` (n, 4, 4) and K (3, 3) where they came with the photos."""
    if "photo_poses/K" not in capture.array_names:
        return None, None
    return inverse_se3(capture.array("photo_poses/T_given_cam")), capture.array("photo_poses/K")


def _commit(
    photos: NDArray[np.uint8],
    model: SfmModel,
    lost: tuple[LeftOut, ...],
    capture: Capture,
    config: ScanConfig,
    out: ArtifactWriter,
) -> PosedImages:
    """Bring the solved poses into the world, and write them with the photos they are of."""
    images, camera = undistorted(photos, model)
    board = capture.board
    corners = find_board_corners(images, board) if board is not None else None
    placed = to_world(capture, model, corners, camera, config)
    T_world_cam, points_world = placed.cameras(model.T_cam_sfm), placed.points(model.points_sfm)
    is_held_out = np.arange(len(images)) % config.held_out_every == config.held_out_every // 2
    out.write("images", images)
    out.write("T_world_cam", T_world_cam)
    out.write("K", camera.K)
    out.write("photo_index", model.photo_index)
    out.write("is_held_out", is_held_out)
    out.write("points_world", points_world.astype(np.float32))
    out.write("points_rgb", model.points_rgb)
    out.add_file(
        "scan_top_view.png", top_view(T_world_cam, points_world, model.points_rgb, board, lost)
    )
    figures = {"reprojection_px": model.reprojection_error_px}
    if corners is not None and corners.num_images:
        out.add_file("scan_board.png", board_picture(images, corners))
    if placed.board_rms_mm is not None:
        figures["board_rms_mm"] = placed.board_rms_mm
    out.progress(1.0, {"registered": float(len(images)), **figures})
    return PosedImages(
        num_images=len(images),
        num_photos=len(photos),
        reprojection_error_px=model.reprojection_error_px,
        board_rms_mm=placed.board_rms_mm,
        num_board_images=corners.num_images if corners is not None else 0,
        notes=(*notes_of(lost, len(photos)), *placed.notes),
    )


def _settings(
    config: ScanConfig, K: NDArray[np.float64] | None, num_threads: int
) -> dict[str, object]:
    params, known = None, config.intrinsics
    if K is not None:
        known = tuple(float(K[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    if known is not None:
        fx, fy, cx, cy = known
        params = (fx, fy, cx + 0.5, cy + 0.5)  # COLMAP's pixel centres are half-integers.
    return {
        "max_num_features": config.max_num_features,
        "camera_params": params,
        "num_threads": num_threads,
        "seed": config.seed,
    }


def undistorted(
    photos: NDArray[np.uint8], model: SfmModel
) -> tuple[NDArray[np.uint8], PinholeCamera]:
    """Registered photos (n, h, w, 3) as a pinhole camera sees them, without black borders.

    Args:
        photos: (p, h, w, 3), all that there are.
        model: says which were registered, and their camera.
    """
    import cv2

    height, width = photos.shape[1:3]
    K, distortion = model.K, np.array([model.radial, 0.0, 0.0, 0.0])
    # COLMAP's SIMPLE_RADIAL is OpenCV's model with k1 alone; below this it moves no pixel by 0.01.
    is_bent = abs(model.radial) >= 1e-5
    if is_bent:
        found, _ = cv2.getOptimalNewCameraMatrix(model.K, distortion, (width, height), 0)
        K = np.asarray(found, dtype=np.float64)
    images = empty((len(model.photo_index), height, width, 3), np.uint8)
    for i, photo in enumerate(each(photos, model.photo_index)):
        if is_bent:
            photo = cv2.undistort(photo, model.K, distortion, newCameraMatrix=K)
        images[i] = photo
        let_go(images)
    return images, PinholeCamera(width, height, K)
