"""A film of a block that a hand moves over a table, cast by a formula; the room is known."""

from dataclasses import dataclass

import numpy as np

from xsim_core.artifacts import Capture
from xsim_core.geometry import PinholeCamera, inverse_se3, look_at, transform_points
from xsim_core.storage import ArtifactStore, OpenArtifact

CAMERA = PinholeCamera(96, 72, np.array([[90.0, 0, 47.5], [0, 90, 35.5], [0, 0, 1]]))
SIZE = np.array([0.10, 0.10, 0.06])
NUM_FRAMES = 24


@dataclass(frozen=True)
class Film:
    """What is filmed, and the room that nobody would know."""

    rgb: np.ndarray
    depth_mm: np.ndarray
    T_world_cam: np.ndarray
    room_rgb: np.ndarray
    room_depth_m: np.ndarray
    box: tuple[float, float, float, float]
    first_mask: np.ndarray
    """The block's pixels in the first frame."""
    last_mask: np.ndarray


def rays(T_world_cam):
    return CAMERA.unproject(np.ones((72, 96))) @ T_world_cam[:3, :3].T


def room(T_world_cam):
    """Colour (h, w, 3) and z-depth (h, w) of a table at z = 0 before a wall at x = 1.4."""
    eye, ray = T_world_cam[:3, 3], rays(T_world_cam)
    with np.errstate(divide="ignore"):
        table, wall = -eye[2] / ray[..., 2], (1.4 - eye[0]) / ray[..., 0]
    depth_m = np.minimum(np.where(table > 0, table, 9), np.where(wall > 0, wall, 9))
    points = eye + depth_m[..., None] * ray
    rgb = 120 + 60 * np.sin(points @ np.array([[9.0, 3, 5], [4, 11, 2], [3, 5, 9]]))
    return rgb, depth_m


def block(T_world_cam, centre):
    """z-depth (h, w) of the block; infinite where it is not."""
    eye, ray = T_world_cam[:3, 3], rays(T_world_cam)
    low, high = centre - SIZE / 2, centre + SIZE / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (low - eye) / ray, (high - eye) / ray
    near, far = np.minimum(a, b).max(-1), np.maximum(a, b).min(-1)
    return np.where(near < far, near, np.inf)


def film(shift_m=0.16, *, eye=(-0.25, 0.1, 0.6), seed=0, start=0.0, stop=1.0) -> Film:
    """The block at rest, then moved along y by a hand, then at rest.

    Args:
        shift_m: how far; less than its width leaves some of the table covered all along.
        eye: of the camera.
        seed: of the noise.
        start: share of the way at the first frame.
        stop: at the last one.
    """
    rng = np.random.default_rng(seed)
    T = look_at(eye, [0.5, 0.0, 0.0])
    room_rgb, room_m = room(T)
    frames, depths, masks = [], [], []
    for i in range(NUM_FRAMES):
        way = start + (stop - start) * np.clip((i - 8) / 8, 0, 1)
        centre = np.array([0.5, shift_m * (way - 0.5), SIZE[2] / 2])
        rgb, depth_m = room_rgb.copy(), room_m.copy()
        thing_m = block(T, centre)
        masks.append(thing_m < depth_m)
        rgb[masks[-1]] = (200, 60, 40)
        depth_m = np.minimum(depth_m, thing_m)
        if 6 <= i < 18:  # The hand comes from the right and stays on the block.
            v, u = np.mgrid[:72, :96]
            mid = CAMERA.project(transform_points(inverse_se3(T), centre[None]))[0]
            hand = (np.abs(v - mid[1]) < 5) & (u > mid[0])
            rgb[hand], depth_m[hand] = (210, 160, 130), 0.55
        frames.append(np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).round().astype(np.uint8))
        depth_m = depth_m + rng.normal(0, 0.001, depth_m.shape) * depth_m**2
        depth_mm = np.rint(1000 * depth_m).astype(np.uint16)
        depth_mm[rng.random(depth_mm.shape) < 0.05] = 0
        depths.append(depth_mm)
    v, u = np.nonzero(masks[0])
    box = (float(u.min() - 1), float(v.min() - 1), float(u.max() + 1), float(v.max() + 1))
    return Film(np.stack(frames), np.stack(depths), T, room_rgb, room_m, box, masks[0], masks[-1])


def commit_film(
    store: ArtifactStore,
    taken: Film,
    *,
    place: np.ndarray | None = None,
    poses: np.ndarray | None = None,
    has_pose: np.ndarray | None = None,
) -> OpenArtifact[Capture]:
    """The film as a capture without photos; its camera's pose is stated, or that of each frame."""
    writer = store.begin("capture", "f" * 24)
    writer.write_all(
        {
            "object/vertices": np.array([[0, 0, 0], [SIZE[0], 0, 0], SIZE], "f4"),
            "object/faces": np.zeros((1, 3), "i4"),
            "object/uv": np.zeros((3, 2), "f4"),
            "object/texture": np.zeros((2, 2, 3), "u1"),
            "video/rgb": taken.rgb,
            "video/depth_mm": taken.depth_mm,
            "video/K": CAMERA.K,
            "video/timestamps_s": np.arange(len(taken.rgb)) / 15,
            "photos": np.zeros((0, 72, 96, 3), "u1"),
        }
    )
    if poses is not None:
        known = np.ones(len(poses), bool) if has_pose is None else has_pose
        writer.write_all({"T_world_cam": poses, "has_pose": known}, prefix="camera")
    T_world_cam = taken.T_world_cam if place is None else place
    summary = Capture(
        name="film",
        object_name="block",
        num_frames=len(taken.rgb),
        num_photos=0,
        room="film",
        fps=15.0,
        T_world_cam=tuple(map(tuple, T_world_cam.tolist())),
        init_frame=0,
        init_box_xyxy=taken.box,
    )
    ref = store.commit(
        writer, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )
    return store.open(ref, Capture)
