"""A textured table with the board on it and two walls, photographed by exact ray casting."""

from dataclasses import dataclass

import cv2
import numpy as np

from xsim_core.geometry import BoardSpec, PinholeCamera, look_at, make_se3, so3_exp

T_WORLD_BOARD = make_se3(so3_exp([0, 0, 0.7]), [0.45, -0.15, 0.0])
BOARD = BoardSpec(square_m=0.06, marker_m=0.045, T_world_board=tuple(map(tuple, T_WORLD_BOARD)))
PX_PER_M = 400.0
# Each plane: origin, and the two unit axes along which its texture runs, in the world frame.
PLANES = (
    (np.array([-0.7, -1.2, 0.0]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0])),
    (np.array([-0.6, -1.2, 0.0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])),
    (np.array([-0.7, 1.1, 0.0]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0])),
)


@dataclass(frozen=True)
class PhotoSet:
    """Photos with the poses nobody would know."""

    camera: PinholeCamera
    photos: np.ndarray
    T_world_cam: np.ndarray


def texture(seed: int, size: int = 1000) -> np.ndarray:
    """Blobs of many sizes, (size, size, 3)."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(size=(n, n, 3)), (size, size), interpolation=cv2.INTER_CUBIC)
        for n in (12, 30, 75, 180)
    ]
    return np.clip(128 + 45 * sum(layers), 0, 255).astype(np.float32)


def table_texture(*, with_board: bool) -> np.ndarray:
    """The table's texture, with the board printed onto it."""
    table = texture(0)
    if not with_board:
        return table
    image = cv2.cvtColor(cv2.copyMakeBorder(BOARD.to_image(60), *[20] * 4, 0, value=255), 8)
    # Board image pixel (u, v) → board frame → world → texture pixel.
    scale = BOARD.square_m / 60
    A_board = np.array([[scale, 0, -19.5 * scale], [0, -scale, BOARD.size_m[1] + 19.5 * scale]])
    A_board = np.vstack([A_board, [0, 0, 1]])
    A_world = np.vstack([T_WORLD_BOARD[:2][:, [0, 1, 3]], [0, 0, 1]])
    origin = PLANES[0][0]
    A_texture = np.array(
        [[PX_PER_M, 0, -origin[0] * PX_PER_M], [0, PX_PER_M, -origin[1] * PX_PER_M]]
    )
    A = A_texture @ A_world @ A_board
    return cv2.warpAffine(
        image.astype(np.float32),
        A,
        table.shape[1::-1],
        dst=table,
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def photograph(
    camera: PinholeCamera, T_world_cam: np.ndarray, textures: list[np.ndarray], radial: float
) -> np.ndarray:
    """One photo (h, w, 3) uint8 through a lens with one radial term."""
    v, u = np.mgrid[: camera.height, : camera.width].astype(float)
    distortion = np.array([radial, 0, 0, 0])
    ideal = cv2.undistortPoints(np.stack([u, v], -1).reshape(-1, 1, 2), camera.K, distortion)
    rays = np.concatenate([ideal.reshape(*u.shape, 2), np.ones((*u.shape, 1))], axis=-1)
    rays = rays @ T_world_cam[:3, :3].T
    eye = T_world_cam[:3, 3]
    nearest, photo = np.full(u.shape, np.inf), np.full((*u.shape, 3), 90, np.float32)
    for (origin, a, b), image in zip(PLANES, textures, strict=True):
        normal = np.cross(a, b)
        with np.errstate(divide="ignore"):
            t = ((origin - eye) @ normal) / (rays @ normal)
        hit = eye + np.where(np.isfinite(t), t, 0)[..., None] * rays - origin
        map_u, map_v = (hit @ a * PX_PER_M).astype("f4"), (hit @ b * PX_PER_M).astype("f4")
        colour = cv2.remap(image, map_u, map_v, cv2.INTER_LINEAR, borderValue=(-1, -1, -1))
        is_front = (t > 0) & (t < nearest) & (colour.min(-1) >= 0)
        nearest[is_front], photo[is_front] = t[is_front], colour[is_front]
    return photo.astype(np.uint8)


def photo_set(
    num_photos: int, *, with_board: bool = True, radial: float = 0.0, seed: int = 0
) -> PhotoSet:
    """Photos from an arc around the table."""
    rng = np.random.default_rng(seed)
    camera = PinholeCamera(480, 360, np.array([[430.0, 0, 239.5], [0, 430, 179.5], [0, 0, 1]]))
    textures = [table_texture(with_board=with_board), texture(1), texture(2)]
    poses, photos = [], []
    for i in range(num_photos):
        angle = -1.1 + 2.2 * i / max(num_photos - 1, 1)
        radius, height = rng.uniform(0.75, 0.9), rng.uniform(0.45, 0.65)
        eye = [0.4 + radius * np.cos(angle), radius * np.sin(angle), height]
        poses.append(look_at(eye, rng.normal([0.4, 0.0, 0.0], 0.05)))
        photos.append(photograph(camera, poses[-1], textures, radial))
    return PhotoSet(camera, np.stack(photos), np.stack(poses))
