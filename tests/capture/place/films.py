"""A film whose camera is known, with tags where others show a board."""

from functools import cache

import cv2
import numpy as np

from tests.pose_track.films import Film
from tests.tracking.scenes import (
    T_WORLD_BOARD,
    T_WORLD_CAM,
    Scene,
    box_of,
    l_block,
    make_camera,
    push_motion,
)
from xsim_core.capture.formats import RGBDVideo

TAG_M = 0.1
PX_PER_M, MARGIN_M, SHEET_HW = 960, 0.025, (240, 336)
TAG_PLACES = {7: (0.0, 0.05), 11: (0.18, 0.05)}
"""Id → lower-left corner on the sheet, whose frame is T_WORLD_BOARD."""


def tag_sheet():
    """The sheet (240, 336) as the scene draws it; tags as OpenCV prints them."""
    sheet = np.full(SHEET_HW, 255, np.uint8)
    april = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    size = round(TAG_M * PX_PER_M)
    for number, (x, y) in TAG_PLACES.items():
        column = round((x + MARGIN_M) * PX_PER_M)
        row = SHEET_HW[0] - round((y + MARGIN_M) * PX_PER_M) - size
        sheet[row : row + size, column : column + size] = cv2.aruco.generateImageMarker(
            april, number, size
        )
    return sheet


@cache
def film(num_frames=4):
    """The block pushed by nobody, at ten frames a second, behind two tags."""
    camera, mesh = make_camera(400, 300), l_block()
    scene = Scene(camera, mesh)
    scene.board = tag_sheet()
    T, _ = push_motion(num_frames)
    frames = [scene.render(pose) for pose in T]
    return Film(
        rgb=np.stack([rgb for rgb, _ in frames]),
        depth_mm=np.stack([np.round(1000 * d).astype(np.uint16) for _, d in frames]),
        timestamps_s=np.arange(num_frames) / 10.0,
        K=camera.K,
        T_world_object=T,
        T_world_cam=T_WORLD_CAM,
        mesh=mesh,
        board=None,
        box=box_of(mesh, T[0], camera),
    )


def video_of(made):
    return RGBDVideo(made.rgb, made.depth_mm, made.timestamps_s, made.K)


def tag_corners(number, *, T=T_WORLD_BOARD):
    """Corners (4, 3) clockwise from the top left, in the world."""
    x, y = TAG_PLACES[number]
    square = np.array([[0, TAG_M, 0], [TAG_M, TAG_M, 0], [TAG_M, 0, 0], [0, 0, 0]])
    return square + [x, y, 0] + T[:3, 3]
