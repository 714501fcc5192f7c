"""Errors of the reconstructed world against ground truth; nothing is aligned first.

Poses claim to be metric and in the robot-base frame, so that is how they are judged. Only the frame
of an object whose mesh the film gave is no claim: it is found once, over all frames.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsim_core.artifacts import GroundTruth, ObjectTrack, PosedImages, SplatScene
from xsim_core.geometry import PinholeCamera, inverse_se3, make_se3, rotation_angle
from xsim_core.storage import OpenArtifact
from xsim_core.tracking.metrics import add_m, adds_m, auc, mspd_px, mssd_m

NUM_MODEL_POINTS = 500


def pose_differences(
    T_estimated: ArrayLike, T_true: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of the origins in mm and angle in degrees, (n,) each, of poses (n, 4, 4)."""
    a = np.asarray(T_estimated, float).reshape(-1, 4, 4)
    b = np.asarray(T_true, float).reshape(-1, 4, 4)
    distance_mm = 1e3 * np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=1)
    return distance_mm, np.degrees(rotation_angle(a[:, :3, :3], b[:, :3, :3]))


def truth_errors(
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    images: OpenArtifact[PosedImages],
    truth: OpenArtifact[GroundTruth],
) -> tuple[dict[str, NDArray[np.floating]], dict[str, float]]:
    """Per-frame errors and key figures of scan, track and scene.

    Returns:
        Arrays by name (metres, millimetres, pixels or degrees, as their names end) and figures.
    """
    arrays = _track_errors(track, truth) | _scan_errors(images, truth)
    video_mm, video_deg = pose_differences(track.array("T_world_cam"), truth.array("T_world_cam"))
    figures = {
        "add_auc": auc(arrays["track_add_m"]),
        "adds_auc": auc(arrays["track_adds_m"]),
        "world_add_auc": auc(arrays["world_add_m"]),
        "world_adds_auc": auc(arrays["world_adds_m"]),
        "mssd_mm": 1e3 * float(np.median(arrays["track_mssd_m"])),
        "mspd_px": float(np.median(arrays["track_mspd_px"])),
        "path_mm": float(arrays["path_mm"].mean()),
        "path_deg": float(arrays["path_deg"].mean()),
        "alignment_mm": float(np.median(arrays["scan_mm"])),
        "alignment_deg": float(np.median(arrays["scan_deg"])),
        "alignment_worst_mm": float(arrays["scan_mm"].max()),
        "video_camera_mm": float(video_mm[0]),
        "video_camera_deg": float(video_deg[0]),
        # The world frame is defined by the table: its true top is z = 0.
        "table_height_mm": 1e3 * abs(scene.summary.table_height_m),
        "table_tilt_deg": float(np.degrees(scene.summary.table_tilt_rad)),
    }
    return arrays, figures


def _track_errors(
    track: OpenArtifact[ObjectTrack], truth: OpenArtifact[GroundTruth]
) -> dict[str, NDArray[np.floating]]:
    vertices = track.array("object/vertices").astype(float)
    stride = max(1, len(vertices) // NUM_MODEL_POINTS)
    points = vertices[::stride]
    T_world_true = truth.array("T_world_object")
    if track.summary.mesh_from == "film":
        T_world_true = T_world_true @ frame_apart(track.array("T_world_object"), T_world_true)
    T_cam_true = inverse_se3(truth.array("T_world_cam")) @ T_world_true
    T_cam, T_world = track.array("T_cam_object"), track.array("T_world_object")
    ours, symmetry = (T_cam, T_cam_true, points), track.summary.symmetry
    height, width = track.array("image_hw").tolist()
    camera = PinholeCamera(width, height, track.array("K").astype(float))
    centre = np.eye(4)
    centre[:3, 3] = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    path_mm, path_deg = pose_differences(T_world @ centre, T_world_true @ centre)
    return {
        "track_add_m": add_m(*ours),
        "track_adds_m": adds_m(*ours),
        "track_mssd_m": mssd_m(*ours, symmetry),
        "track_mspd_px": mspd_px(*ours, camera, symmetry),
        "world_add_m": add_m(T_world, T_world_true, points),
        "world_adds_m": adds_m(T_world, T_world_true, points),
        "path_mm": path_mm,
        "path_deg": path_deg,
    }


def frame_apart(
    T_world_object: NDArray[np.floating], T_world_true: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Where a mesh's own frame lies in the true object's: one (4, 4) for all frames (t, 4, 4).

    A mesh that the film gave has a frame that nobody could know; the rest is judged as it is.
    """
    T = inverse_se3(T_world_true) @ T_world_object
    u, _, vt = np.linalg.svd(T[:, :3, :3].mean(axis=0))
    R = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    return make_se3(R, np.median(T[:, :3, 3], axis=0))


def _scan_errors(
    images: OpenArtifact[PosedImages], truth: OpenArtifact[GroundTruth]
) -> dict[str, NDArray[np.floating]]:
    # -1 is of the film: its camera comes last.
    of_all = [truth.array("photo/T_world_cam"), truth.array("T_world_cam")[None]]
    T_true = np.concatenate(of_all)[images.array("photo_index")]
    distance_mm, angle_deg = pose_differences(images.array("T_world_cam"), T_true)
    return {"scan_mm": distance_mm, "scan_deg": angle_deg}
