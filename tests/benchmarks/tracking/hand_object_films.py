"""Recorded manipulations rendered: bodies of YCB's sizes on a table, the recorded hand, noise.

The recordings (``hand_object_tracks``) hold an object's pose and 21 hand joints a frame, thirty a
second. Here every second frame is drawn by ray casting: bodies of the objects' true sizes (boxes
and cylinders; the mustard bottle's own mesh), painted; capsules on the joints for the hand; the
table is the plane of the body's face that is lowest in the first frame.
"""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import trimesh

from tests.pose_track.films import Film
from tests.tracking.objects import painted
from tests.tracking.scenes import BOARD
from tests.tracking.test_desk_recording import ROOT
from xsim_core.film.frames import Video
from xsim_core.geometry import PinholeCamera, TexturedMesh, mesh_without_texture
from xsim_core.tracking import RayCaster

TRACKS = ROOT / "hand_object_tracks"
CAMERA = PinholeCamera(640, 480, np.array([[615.0, 0, 319.5], [0, 615.0, 239.5], [0, 0, 1]]))
EVERY, FPS = 2, 15
UP_CAM = np.array([0.0, -0.65, -0.76])
"""Roughly, of the cameras of these recordings."""
LEAST_ABOVE = 0.25
"""Sine of the angle at which the camera has to look down on the table."""
BONES = [(0, k) for k in (1, 5, 9, 13, 17)] + [
    (k, k + 1) for f in (1, 5, 9, 13, 17) for k in range(f, f + 3)
]
SIZES_M = {
    "002_master_chef_can": ("can", 0.0512, 0.140),
    "003_cracker_box": ("box", 0.0718, 0.1640, 0.2134),
    "004_sugar_box": ("box", 0.0495, 0.0940, 0.1760),
    "005_tomato_soup_can": ("can", 0.0339, 0.1018),
    "010_potted_meat_can": ("box", 0.1018, 0.0580, 0.0835),
    "036_wood_block": ("box", 0.0907, 0.0926, 0.2058),
    "061_foam_brick": ("box", 0.0527, 0.0777, 0.0512),
}
MUSTARD = "006_mustard_bottle"


@dataclass(frozen=True)
class Take:
    """A rendered recording and its truth."""

    video: Video
    mesh: TexturedMesh
    T_cam_object: np.ndarray
    box: tuple
    visible: np.ndarray
    """(t,) share of the object's pixels that nothing hides."""


def body(name: str) -> TexturedMesh:
    """The object, painted."""
    if name == MUSTARD:
        path = ROOT / "ycb_mustard" / "textured_simple.obj"
        made = trimesh.load(path, force="mesh", process=True)
        made = made.simplify_quadric_decimation(face_count=4000)
    elif SIZES_M[name][0] == "box":
        made = trimesh.creation.box(SIZES_M[name][1:]).subdivide().subdivide()
    else:
        made = trimesh.creation.cylinder(*SIZES_M[name][1:], sections=48)
    return painted(mesh_without_texture(made.vertices, made.faces), seed=7)


def support(mesh: TexturedMesh, T: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Up (3,) and offset of the plane below the lowest face; None where it is seen edge-on."""
    hull = trimesh.Trimesh(mesh.vertices, mesh.faces).convex_hull
    normals = hull.face_normals @ T[:3, :3].T
    best = int((normals @ -UP_CAM).argmax())
    up = -normals[best]
    if -up[2] < LEAST_ABOVE:
        return None
    heights = (hull.vertices @ T[:3, :3].T + T[:3, 3]) @ up
    return up, float(heights.min())


def hand(joints: np.ndarray) -> RayCaster | None:
    """Capsules on the joints (21, 3), where there are any."""
    if joints[:, 2].min() < 0.3:
        return None
    parts = []
    for a, b in BONES:
        length = float(np.linalg.norm(joints[b] - joints[a]))
        part = trimesh.creation.capsule(length, 0.009 if a else 0.014, count=[8, 8])
        axis = (joints[b] - joints[a]) / max(length, 1e-9)
        part.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], axis))
        parts.append(part.apply_translation(joints[a]))
    made = trimesh.util.concatenate(parts)
    return RayCaster(mesh_without_texture(made.vertices, made.faces))


def take(path: Path, *, seed: int = 0) -> Take | None:
    """Render one recording; None where the table would be seen edge-on."""
    name, recorded = path.stem.split("__")[0], np.load(path)
    T = recorded["T_cam_object"].astype(float)[::EVERY]
    joints = recorded["hand_joints_cam"].astype(float)[::EVERY]
    mesh = body(name)
    plane = support(mesh, T[0])
    if plane is None:
        return None
    rng, caster = np.random.default_rng(seed), RayCaster(mesh)
    wood = cv2.resize(rng.uniform(90, 170, (30, 30)), (400, 400), interpolation=cv2.INTER_CUBIC)
    empty = _table(*plane, wood)
    rgb, depth_mm, visible = [], [], []
    for pose, hand_joints in zip(T, joints, strict=True):
        drawn = _drawn(empty, caster, pose, hand(hand_joints), plane[0])
        rgb.append(_noisy_rgb(drawn[0], rng))
        depth_mm.append(_noisy_mm(drawn[1], rng))
        visible.append(drawn[2])
    video = Video(np.stack(rgb), np.stack(depth_mm), np.arange(len(T)) / FPS, CAMERA)
    pixels = CAMERA.project(mesh.vertices @ T[0, :3, :3].T + T[0, :3, 3])
    low, high = pixels.min(0) - 3, pixels.max(0) + 3
    return Take(video, mesh, T, (*low.tolist(), *high.tolist()), np.array(visible))


def film_of(taken: Take) -> Film:
    """The same as the films of the other benchmarks; the camera's frame stands for the world's."""
    v = taken.video
    seen = v.rgb_frames, v.depth_frames, v.timestamps_s, v.camera.K
    return Film(*seen, taken.T_cam_object, np.eye(4), taken.mesh, BOARD, taken.box)


def recordings(per_object: int) -> list[Path]:
    """The first of each object's recordings in which the table is not seen edge-on."""
    found = []
    for name in (MUSTARD, *SIZES_M):
        mesh = body(name)
        usable = (
            path
            for path in sorted(TRACKS.glob(f"{name}__*.npz"))
            if support(mesh, np.load(path)["T_cam_object"][0].astype(float)) is not None
        )
        found += list(itertools.islice(usable, per_object))
    return found


def _table(up, offset, wood):
    rays = CAMERA.unproject(np.ones((480, 640)))
    along = rays @ up
    z = np.where(along < -1e-3, offset / np.minimum(along, -1e-3), 3.0)
    z = np.clip(z, 0, 3.0)
    side = np.cross(up, [0, 0, 1.0])
    side /= np.linalg.norm(side)
    points = rays * z[..., None]
    u, v = points @ side, points @ np.cross(up, side)
    grey = wood[(v * 200).astype(int) % 400, (u * 200).astype(int) % 400]
    return np.stack([grey, 0.85 * grey, 0.7 * grey], -1), z


def _drawn(empty, caster, T, hand_caster, up):
    rgb, z = (a.copy() for a in empty)
    light = up / np.linalg.norm(up)
    shown = caster.render(T, CAMERA)
    u, v = shown.pixels.T
    texture = caster.mesh.texture
    row = ((1 - shown.texcoord[:, 1]) * texture.shape[0]).astype(int).clip(0, len(texture) - 1)
    column = (shown.texcoord[:, 0] * texture.shape[1]).astype(int).clip(0, texture.shape[1] - 1)
    shade = 0.55 + 0.45 * np.clip(shown.normals_cam @ light, 0, 1)
    rgb[v, u] = texture[row, column] * shade[:, None]
    z[v, u] = shown.points_cam[:, 2]
    if hand_caster is None:
        return rgb, z, 1.0
    skin = hand_caster.render(np.eye(4), CAMERA)
    before = skin.points_cam[:, 2] < z[skin.pixels[:, 1], skin.pixels[:, 0]]
    hu, hv = skin.pixels[before].T
    shade = 0.55 + 0.45 * np.clip(skin.normals_cam[before] @ light, 0, 1)
    rgb[hv, hu] = np.array([205, 150, 125]) * shade[:, None]
    z[hv, hu] = skin.points_cam[before, 2]
    is_left = z[v, u] >= shown.points_cam[:, 2] - 1e-6
    return rgb, z, float(is_left.mean())


def _noisy_rgb(rgb, rng):
    soft = cv2.GaussianBlur(rgb.astype(np.float32), (3, 3), 0.6)
    return np.clip(soft + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)


def _noisy_mm(z, rng):
    """Noise that grows with the square of the distance; half of the pixels at edges are lost."""
    noisy = z + (0.001 + 0.0019 * (z - 0.4) ** 2) * rng.standard_normal(z.shape)
    edges = cv2.morphologyEx(z.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0.03
    noisy[edges & (rng.random(z.shape) < 0.5)] = 0
    return np.round(1000 * noisy).astype(np.uint16)


def with_texture_of(mesh: TexturedMesh, rgb: tuple[int, int, int]) -> TexturedMesh:
    """The body in one colour."""
    return replace(mesh, texture=np.full_like(mesh.texture, rgb))
