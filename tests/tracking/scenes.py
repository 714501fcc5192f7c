"""A small synthetic table-top by ray casting: block, hand-like occluder, board, noisy depth."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import trimesh

from xsim_core.geometry import (
    BoardSpec,
    PinholeCamera,
    TexturedMesh,
    inverse_se3,
    look_at,
    make_se3,
    mesh_without_texture,
    so3_exp,
)
from xsim_core.tracking import RayCaster

T_WORLD_BOARD = make_se3(np.eye(3), [0.32, 0.14, 0.0])
BOARD = BoardSpec(
    square_m=0.05, marker_m=0.038, T_world_board=tuple(map(tuple, T_WORLD_BOARD.tolist()))
)


def make_camera(width=320, height=240):
    K = np.array(
        [[0.9375 * width, 0, (width - 1) / 2], [0, 0.9375 * width, (height - 1) / 2], [0, 0, 1.0]]
    )
    return PinholeCamera(width, height, K)


T_WORLD_CAM = look_at([1.15, 0.35, 0.65], [0.5, 0.0, 0.02])


def l_block(seed=0) -> TexturedMesh:
    """An L of two boxes, 0.10 x 0.06 x 0.05 m, every face with its own blotches."""
    parts = [trimesh.creation.box((0.10, 0.03, 0.05)), trimesh.creation.box((0.04, 0.03, 0.03))]
    parts[0].apply_translation([0, -0.015, 0.025])
    parts[1].apply_translation([-0.03, 0.015, 0.015])
    mesh = trimesh.util.concatenate(parts)
    plain = mesh_without_texture(mesh.vertices, mesh.faces)
    rng = np.random.default_rng(seed)
    size = plain.texture.shape[0]
    blotches = cv2.resize(
        rng.uniform(0, 255, (36, 36, 3)), (size, size), interpolation=cv2.INTER_CUBIC
    )
    return replace(plain, texture=np.clip(blotches, 0, 255).astype(np.uint8), is_textured=True)


def hand() -> TexturedMesh:
    """A palm and two fingers, skin coloured; frame at the finger tips."""
    balls = [((0.0, 0.0, 0.10), 0.045), ((0.03, 0.0, 0.04), 0.012), ((-0.03, 0.0, 0.04), 0.012)]
    parts = []
    for centre, radius in balls:
        part = trimesh.creation.icosphere(subdivisions=2, radius=radius)
        if radius < 0.02:
            part.apply_scale([1, 1, 3])
        part.apply_translation(centre)
        parts.append(part)
    mesh = trimesh.util.concatenate(parts)
    plain = mesh_without_texture(mesh.vertices, mesh.faces)
    return replace(plain, texture=np.full_like(plain.texture, (205, 150, 125)), is_textured=True)


@dataclass
class Scene:
    """Renders the table-top with the block at a pose."""

    camera: PinholeCamera
    mesh: TexturedMesh
    seed: int = 0

    def __post_init__(self):
        self.rng, self.empty = np.random.default_rng(self.seed), None
        self.block, self.hand = RayCaster(self.mesh), RayCaster(hand())
        wood = cv2.resize(
            self.rng.uniform(90, 170, (40, 40)), (400, 400), interpolation=cv2.INTER_CUBIC
        )
        self.table = np.stack([wood * 1.0, wood * 0.85, wood * 0.7], axis=-1)
        self.board = np.pad(BOARD.to_image(48), 24, constant_values=255)

    def table_colour(self, points_world):
        """Colours (n, 3) of table points (n, 3)."""
        x, y = points_world[:, 0], points_world[:, 1]
        u, v = (
            np.clip((x + 0.5) * 200, 0, 399).astype(int),
            np.clip((y + 1) * 200, 0, 399).astype(int),
        )
        colours = self.table[v, u]
        local = points_world - T_WORLD_BOARD[:3, 3]
        margin = BOARD.square_m / 2
        w, h = BOARD.size_m
        scale = 48 / BOARD.square_m
        column = ((local[:, 0] + margin) * scale).astype(int)
        row = ((h + margin - local[:, 1]) * scale).astype(int)
        on = (
            (column >= 0)
            & (row >= 0)
            & (column < self.board.shape[1])
            & (row < self.board.shape[0])
        )
        on &= (local[:, 0] > -margin) & (local[:, 1] < h + margin)
        colours = colours.copy()
        colours[on] = self.board[row[on], column[on], None]
        del w
        return colours

    def render(self, T_world_object, T_world_hand=None, *, noise=1.0):
        """RGB (h, w, 3) uint8 and noisy depth (h, w) in metres."""
        camera, factor = self.camera, 3
        fine = camera.resized(camera.width * factor, camera.height * factor)
        depth, rgb = (a.copy() for a in self._table(fine))
        T_cam_world = inverse_se3(T_WORLD_CAM)
        parts = [(self.block, T_world_object)]
        if T_world_hand is not None:
            parts.append((self.hand, T_world_hand))
        light = T_cam_world[:3, :3] @ (
            np.array([0.3, -0.4, 0.85]) / np.linalg.norm([0.3, -0.4, 0.85])
        )
        for caster, T_world_part in parts:
            r = caster.render(T_cam_world @ T_world_part, fine)
            column = np.clip(r.texcoord[:, 0] * caster.mesh.texture.shape[1], 0, 1023).astype(int)
            row = np.clip((1 - r.texcoord[:, 1]) * caster.mesh.texture.shape[0], 0, 1023).astype(
                int
            )
            colour = (
                caster.mesh.texture[row, column]
                * (0.55 + 0.45 * np.clip(r.normals_cam @ light, 0, 1))[:, None]
            )
            u, v = r.pixels.T
            front = r.points_cam[:, 2] < depth[v, u]
            depth[v[front], u[front]] = r.points_cam[front, 2]
            rgb[v[front], u[front]] = colour[front]
        size = (camera.width, camera.height)
        small = cv2.resize(rgb.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        z = depth[factor // 2 :: factor, factor // 2 :: factor]
        return self._noisy(small, z, noise)

    def _table(self, camera):
        if self.empty is None:
            self.empty = self._render_table(camera)
        return self.empty

    def _render_table(self, camera):
        rays = camera.unproject(np.ones((camera.height, camera.width))) @ T_WORLD_CAM[:3, :3].T
        z = np.where(rays[..., 2] < -1e-3, T_WORLD_CAM[2, 3] / np.maximum(-rays[..., 2], 1e-3), 9.0)
        z = np.minimum(z, 4.0)
        points = (rays * z[..., None] + T_WORLD_CAM[:3, 3]).reshape(-1, 3)
        return z, self.table_colour(points).reshape(*z.shape, 3)

    def _noisy(self, rgb, z, noise):
        sigma = noise * (0.001 + 0.0019 * (z - 0.4) ** 2)
        z = z + sigma * self.rng.standard_normal(z.shape)
        edges = cv2.morphologyEx(z.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0.03
        z[edges & (self.rng.random(z.shape) < 0.5 * min(noise, 1))] = 0
        depth_m = np.round(z, 3).astype(np.float32)
        rgb = rgb + noise * 3 * self.rng.standard_normal(rgb.shape)
        return np.clip(rgb, 0, 255).astype(np.uint8), depth_m


def push_motion(num_frames, *, travel_m=0.16, turn_rad=0.44, rest=0.2):
    """Block poses (t, 4, 4) and hand poses: rest, a gentle curve, rest."""
    share = np.clip((np.linspace(0, 1, num_frames) - rest) / (1 - 2 * rest), 0, 1)
    s = share**3 * (10 - 15 * share + 6 * share**2)
    position = np.stack(
        [0.5 + 0.03 * np.sin(np.pi * s), -0.10 + travel_m * s, 0.008 * np.sin(np.pi * s)], -1
    )
    turns = so3_exp(np.stack([0 * s, 0 * s, 0.5 + turn_rad * s], axis=-1))
    T_world_object = make_se3(turns, position)
    offset = make_se3(so3_exp([0, 0, 0.8]), [0.02, -0.01, 0.045])
    return T_world_object, T_world_object @ offset


def pushed(scene, num_frames, *, with_hand=True):
    """Frames of the block pushed by a hand (or by nobody), and its poses (t, 4, 4)."""
    T, T_hand = push_motion(num_frames)
    hands = T_hand if with_hand else [None] * num_frames
    return [scene.render(a, b) for a, b in zip(T, hands, strict=True)], T


def box_of(mesh, T_world_object, camera, margin=3):
    """The box a person would draw."""
    T = inverse_se3(T_WORLD_CAM) @ T_world_object
    pixels = camera.project(mesh.vertices @ T[:3, :3].T + T[:3, 3])
    return (*(pixels.min(0) - margin).tolist(), *(pixels.max(0) + margin).tolist())
