from .board import (
    BoardDetection as BoardDetection,
    board_fault as board_fault,
    detect_board as detect_board,
)
from .board_spec import Board as Board, BoardSpec as BoardSpec
from .camera import PinholeCamera as PinholeCamera, look_at as look_at
from .mesh import (
    TexturedMesh as TexturedMesh,
    mesh_without_texture as mesh_without_texture,
    vertex_normals as vertex_normals,
)
from .se3 import (
    inverse_se3 as inverse_se3,
    make_se3 as make_se3,
    matrix_to_quat_wxyz as matrix_to_quat_wxyz,
    quat_wxyz_to_matrix as quat_wxyz_to_matrix,
    rotation_angle as rotation_angle,
    se3_exp as se3_exp,
    se3_from_pos_quat as se3_from_pos_quat,
    se3_log as se3_log,
    se3_to_pos_quat as se3_to_pos_quat,
    so3_exp as so3_exp,
    so3_log as so3_log,
    transform_points as transform_points,
)
from .tag_spec import Matrix4 as Matrix4, Tag as Tag, TagBoard as TagBoard
from .tags import find_markers as find_markers
