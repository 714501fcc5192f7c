"""The scan stage: posed images of the room, metric and in the robot-base frame."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, PosedImages
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import Board, PinholeCamera, transform_points
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.windows import arrays_below, each, empty, let_go

from .align import (
    BoardCorners,
    apply_similarity,
    find_board_corners,
    fit_similarity,
    similarity_rms,
    triangulate_corners,
)
from .config import ScanConfig
from .film_room import room_from_film
from .pictures import board_picture, top_view
from .sfm import SfmModel, check_sfm, run_sfm


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


def _from_photos(
    capture: OpenArtifact[Capture], *, config: ScanConfig, out: ArtifactWriter
) -> PosedImages:
    """Camera poses and intrinsics from the photos, by SfM and the printed board."""
    board, photos = capture.summary.board, capture.frames("photos")
    if board is None:
        raise BadInputError(
            f"capture '{capture.summary.name}' has neither board nor tags, and photos alone give "
            "no metres: lay a board (or tags at known places) where the photos see it and name it "
            "in capture.yaml. A stated camera pose, or world: table, is of the video only; with "
            "`room: film` the video alone gives the room."
        )
    if len(photos) < config.min_photos:
        raise BadInputError(
            f"capture '{capture.summary.name}' has {len(photos)} photos, scan needs at least "
            f"{config.min_photos} (30 or more from all around are better)"
        )
    model = run_sfm(
        photos,
        out.scratch() / "sfm",
        settings=_settings(config, out.runtime.num_workers),
        timeout_s=config.timeout_s,
        progress=lambda f, figures: out.progress(0.9 * f, figures),
    )
    check_sfm(
        model,
        photos,
        min_registered=config.min_registered,
        max_reprojection_px=config.max_reprojection_px,
    )
    with TemporaryDirectory(dir=out.scratch()) as place, arrays_below(Path(place)):
        return _commit(photos, model, board, config, out)


def _commit(
    photos: NDArray[np.uint8],
    model: SfmModel,
    board: Board,
    config: ScanConfig,
    out: ArtifactWriter,
) -> PosedImages:
    """Bring the solved poses into the world, and write them with the photos they are of."""
    images, camera = _undistort(photos, model)
    corners = find_board_corners(images, board)
    T_world_cam, points_world, rms_mm = _to_world(model, corners, camera, board, config)
    is_held_out = np.arange(len(images)) % config.held_out_every == config.held_out_every // 2
    out.write("images", images)
    out.write("T_world_cam", T_world_cam)
    out.write("K", camera.K)
    out.write("photo_index", model.photo_index)
    out.write("is_held_out", is_held_out)
    out.write("points_world", points_world.astype(np.float32))
    out.write("points_rgb", model.points_rgb)
    out.add_file("scan_top_view.png", top_view(T_world_cam, points_world, model.points_rgb, board))
    out.add_file("scan_board.png", board_picture(images, corners))
    figures = {"board_rms_mm": rms_mm, "reprojection_px": model.reprojection_error_px}
    out.progress(1.0, {"registered": float(len(images)), **figures})
    return PosedImages(
        num_images=len(images),
        num_photos=len(photos),
        reprojection_error_px=model.reprojection_error_px,
        board_rms_mm=rms_mm,
        num_board_images=corners.num_images,
    )


def _settings(config: ScanConfig, num_threads: int) -> dict[str, object]:
    params = None
    if config.intrinsics is not None:
        fx, fy, cx, cy = config.intrinsics
        params = (fx, fy, cx + 0.5, cy + 0.5)  # COLMAP's pixel centres are half-integers.
    return {
        "max_num_features": config.max_num_features,
        "camera_params": params,
        "num_threads": num_threads,
        "seed": config.seed,
    }


def _undistort(
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


def _to_world(
    model: SfmModel,
    corners: BoardCorners,
    camera: PinholeCamera,
    board: Board,
    config: ScanConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """``T_world_cam`` (n, 4, 4), points (p, 3) and the board's residual in millimetres."""
    if corners.num_images < config.min_board_images:
        raise QualityGateError(
            f"the {board.described} was found in {corners.num_images} of {len(model.photo_index)} "
            f"registered photos; scan needs {config.min_board_images}. Its markers "
            "must be at least 20 pixels wide: go closer, use larger photos, and check the board's "
            "description in capture.yaml."
        )
    points_sfm = triangulate_corners(corners, model.T_cam_sfm, camera)
    if len(points_sfm) < 6:
        raise QualityGateError(
            f"only {len(points_sfm)} board corners agree between photos, 6 are needed: was the "
            "board moved or bent while photographing?"
        )
    source = np.stack(list(points_sfm.values()))
    target = board.corners_board[list(points_sfm)]
    target = transform_points(np.array(board.T_world_board), target)
    s, R, t = fit_similarity(source, target)
    rms_mm = 1000.0 * similarity_rms(source, target, s, R, t)
    if rms_mm > config.max_board_rms_mm:
        raise QualityGateError(
            f"triangulated board corners miss the printed ones by {rms_mm:.2f} mm rms (gate "
            f"{config.max_board_rms_mm} mm). Is the board flat, and square_m as printed?"
        )
    return apply_similarity(model.T_cam_sfm, s, R, t), s * model.points_sfm @ R.T + t, rms_mm
