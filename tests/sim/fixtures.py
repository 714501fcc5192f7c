"""Hand-made SplatScene and ObjectTrack artifacts, for tests and for trying stages alone."""

import numpy as np

from xsim_core.artifacts import ArtifactRef, ObjectTrack, SplatScene
from xsim_core.build_sim import BuildSimConfig
from xsim_core.geometry import inverse_se3, look_at, make_se3, so3_exp
from xsim_core.sim import load_task, open_sim_world
from xsim_core.stage import run_stage
from xsim_core.stages import BUILD_SIM
from xsim_core.storage import ArtifactStore

TABLE_Z = 0.0
BLOCK_SIZE = (0.10, 0.06, 0.05)
IMAGE_HW = (480, 640)


def block_mesh():
    """L-shaped prism, 0.10 x 0.06 x 0.05 m, bounding box centred at the origin; uv and texture."""
    outline = np.array([[0, 0], [0.10, 0], [0.10, 0.03], [0.04, 0.03], [0.04, 0.06], [0, 0.06]])
    outline = outline - [0.05, 0.03]
    triangles = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)]
    soup = []
    for z, flip in ((-0.025, True), (0.025, False)):
        cap = [np.array([[*outline[i], z] for i in t]) for t in triangles]
        soup += [c[::-1] if flip else c for c in cap]
    for i in range(6):
        a, b = outline[i], outline[(i + 1) % 6]
        low_a, low_b = np.array([*a, -0.025]), np.array([*b, -0.025])
        up = np.array([0, 0, 0.05])
        soup += [np.array([low_a, low_b, low_b + up]), np.array([low_a, low_b + up, low_a + up])]
    vertices = np.concatenate(soup).astype(np.float32)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return vertices, faces, _atlas_uv(soup), _texture()


def _atlas_uv(soup):
    """Each triangle is projected along its dominant axis into one cell of a 3 x 2 atlas."""
    uv = []
    for tri in soup:
        normal = np.cross(tri[1] - tri[0], tri[2] - tri[0])
        axis = int(np.argmax(np.abs(normal)))
        cell = np.array([axis, int(normal[axis] > 0)])
        plane = np.delete(tri, axis, axis=1) / 0.11 + 0.5
        uv.append((cell + 0.02 + 0.96 * np.clip(plane, 0, 1)) / [3, 2])
    return np.concatenate(uv).astype(np.float32)


def _texture():
    rng = np.random.default_rng(7)
    cells = rng.integers(40, 255, size=(16, 24, 3))
    return np.kron(cells, np.ones((8, 8, 1), dtype=int)).astype(np.uint8)  # (128, 192, 3)


def push_path(num_moving=40, length_m=0.16, turn_rad=0.436):
    """Poses (t, 4, 4): still, a curved slide towards +y, still."""
    u = np.linspace(0, 1, num_moving)
    u = u * u * (3 - 2 * u)
    heading = np.pi / 2 + turn_rad * (u - 0.5) * 0.8
    steps = np.diff(u, prepend=0) * length_m
    xy = np.array([0.50, -0.10]) + np.cumsum(
        np.stack([np.cos(heading), np.sin(heading)], -1) * steps[:, None], axis=0
    )
    yaw = 0.3 + turn_rad * u
    lift = 0.004 * np.sin(np.pi * u)  # a hand never slides perfectly
    position = np.column_stack([xy, TABLE_Z + 0.025 + lift])
    moving = make_se3(so3_exp(np.column_stack([0 * u, 0 * u, yaw])), position)
    return np.concatenate([np.repeat(moving[:1], 10, 0), moving, np.repeat(moving[-1:], 10, 0)])


def pick_path(num_moving=40):
    """Poses (t, 4, 4): still, lifted 12 cm and carried over, still."""
    moving = push_path(num_moving)[10:-10].copy()
    moving[:, 2, 3] = TABLE_Z + 0.025 + 0.12 * np.sin(np.pi * np.linspace(0, 1, num_moving))
    return np.concatenate([np.repeat(moving[:1], 10, 0), moving, np.repeat(moving[-1:], 10, 0)])


def default_T_world_cam():
    return look_at((1.15, 0.35, 0.65), (0.5, 0.0, 0.02))


def commit(store, summary, arrays, *, name):
    """Publish ``arrays`` under a fixed fingerprint made from ``name``."""
    import hashlib

    fingerprint = hashlib.sha256(name.encode()).hexdigest()[:24]
    ref = ArtifactRef(kind=summary.kind, fingerprint=fingerprint)
    if store.manifest(ref) is not None:
        return ref
    writer = store.begin(summary.kind, fingerprint)
    writer.write_all(arrays)
    return store.commit(
        writer, summary, stage="fixture", stage_version=1, config={}, inputs={}, provenance={}
    )


def make_track(store: ArtifactStore, T_world_object=None, *, name="track", is_mesh_coloured=True):
    """Commit an ObjectTrack of the block; returns its ref."""
    poses = push_path() if T_world_object is None else T_world_object
    vertices, faces, uv, texture = block_mesh()
    T_world_cam = default_T_world_cam()
    n = len(poses)
    length = float(np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum())
    arrays = {
        "T_world_object": poses,
        "T_cam_object": inverse_se3(T_world_cam) @ poses,
        "status": np.zeros(n, np.int8),
        "score": np.ones(n, np.float32),
        "timestamps_s": np.arange(n) / 15.0,
        "segments": np.array([[10, n - 11]], np.int64),
        "T_world_cam": T_world_cam,
        "K": np.array([[600, 0, 319.5], [0, 600, 239.5], [0, 0, 1.0]]),
        "image_hw": np.array(IMAGE_HW, np.int64),
        "object/vertices": vertices,
        "object/faces": faces,
        "object/uv": uv,
        "object/texture": texture,
    }
    summary = ObjectTrack(
        object_name="block",
        num_frames=n,
        num_ok=n,
        num_segments=1,
        path_length_m=length,
        board_rms_px=0.0,
        backend="fixture",
        is_mesh_coloured=is_mesh_coloured,
    )
    return commit(store, summary, arrays, name=f"fixture {name}")


def make_scene(store: ArtifactStore, *, name="scene"):
    """Commit a SplatScene: a checkered table top of flat Gaussians, and a slab to collide with."""
    xs, ys = np.meshgrid(np.linspace(0.1, 1.0, 46), np.linspace(-0.6, 0.6, 61), indexing="ij")
    means = np.stack([xs, ys, np.full_like(xs, TABLE_Z)], -1).reshape(-1, 3).astype(np.float32)
    g = len(means)
    dark = ((means[:, 0] // 0.1 + means[:, 1] // 0.1) % 2 == 0)[:, None]
    rgb = np.where(dark, [0.55, 0.42, 0.30], [0.66, 0.52, 0.38])
    slab = np.array(
        [[x, y, z] for x in (0.1, 1.0) for y in (-0.6, 0.6) for z in (-0.05, TABLE_Z)], np.float32
    )
    quad = np.array([[0.1, -0.6, 0], [1, -0.6, 0], [1, 0.6, 0], [0.1, 0.6, 0]], np.float32)
    arrays = {
        "means": means,
        "quats_wxyz": np.tile(np.array([1, 0, 0, 0], np.float32), (g, 1)),
        "scales": np.full((g, 2), 0.012, np.float32),
        "opacities": np.full(g, 0.95, np.float32),
        "sh0": ((rgb - 0.5) / 0.2820948).astype(np.float32),
        "mesh/vertices": quad,
        "mesh/faces": np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        "mesh/rgb": np.full((4, 3), 140, np.uint8),
        "collision/vertices": slab,
        "collision/piece_ends": np.array([8], np.int64),
        "background_rgb": np.array([0.75, 0.75, 0.78], np.float32),
    }
    summary = SplatScene(
        num_gaussians=g,
        psnr_db=30.0,
        ssim=0.9,
        table_height_m=TABLE_Z,
        table_tilt_rad=0.0,
        mesh_num_faces=2,
    )
    return commit(store, summary, arrays, name=f"fixture {name}")


def make_sim(store, task="push_block", *, pick=False, **fields):
    """Commit the simulator's world of a task, with some of its fields changed; returns its ref."""
    poses, name = (pick_path(), "pick") if pick else (push_path(), "push")
    inputs = {"scene": make_scene(store), "track": make_track(store, poses, name=name)}
    spec = load_task(task).model_copy(update=fields)
    return run_stage(BUILD_SIM, BuildSimConfig(task=spec), store, inputs)


_BUILT = {}
"""Worlds that some test of this process has opened; they are read alone."""


def open_sim(folder, task="push_block", *, pick=False, **fields):
    """The simulator's world of a task, its files in ``folder``."""
    key = repr((task, pick, sorted(fields.items())))
    if key not in _BUILT:
        store = ArtifactStore("memory://")
        _BUILT[key] = store.open(make_sim(store, task, pick=pick, **fields))
    return open_sim_world(_BUILT[key], folder)
