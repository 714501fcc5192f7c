"""Rigid transforms, cameras and calibration boards.

Frames are named: ``T_world_cam`` maps camera coordinates to world coordinates, so that
``T_world_cam @ T_cam_object`` reads ``T_world_object``. World is the robot base, z up; cameras use
OpenCV axes (x right, y down, z forward); metres and radians; quaternions are wxyz.
"""

from .board import BoardSpec, detect_board
from .camera import PinholeCamera, look_at
from .se3 import (
    inverse_se3,
    make_se3,
    matrix_to_quat_wxyz,
    quat_wxyz_to_matrix,
    rotation_angle,
    se3_exp,
    se3_from_pos_quat,
    se3_log,
    se3_to_pos_quat,
    so3_exp,
    so3_log,
    transform_points,
)

__all__ = [
    "BoardSpec",
    "PinholeCamera",
    "detect_board",
    "inverse_se3",
    "look_at",
    "make_se3",
    "matrix_to_quat_wxyz",
    "quat_wxyz_to_matrix",
    "rotation_angle",
    "se3_exp",
    "se3_from_pos_quat",
    "se3_log",
    "se3_to_pos_quat",
    "so3_exp",
    "so3_log",
    "transform_points",
]
