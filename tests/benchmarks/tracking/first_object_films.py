"""Films with known truth for finding the object by its motion: synthesised, crowded, recorded.

Each is kept as an ``.npz``. Of the synthesised ones the truth knows when the hand touches: where
the nearest of its vertices lies within a millimetre of the object's surface.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from tests.benchmarks.tracking import hand_object_films
from xsim_core.capture import SynthesizeConfig
from xsim_core.capture.synthetic.depth_noise import add_colour_noise, add_depth_noise
from xsim_core.capture.synthetic.motion import ObjectMotion
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import PinholeCamera, inverse_se3, transform_points
from xsim_core.render.shapes import l_block

TWIN_SIZE_M = (0.09, 0.07, 0.055)
"""Of the other thing that moves: of the object's kind and nearly its size."""
SMALL_SIZE_M = (0.045, 0.035, 0.03)


@dataclass(frozen=True)
class Film:
    """A film and its truth."""

    name: str
    rgb: np.ndarray
    depth_mm: np.ndarray
    timestamps_s: np.ndarray
    K: np.ndarray
    T_cam_object: np.ndarray
    vertices: np.ndarray
    faces: np.ndarray
    box: np.ndarray
    hand_gap_m: np.ndarray
    """(t,) distance of the hand from the object's surface; NaN where it is not known."""

    @property
    def camera(self) -> PinholeCamera:
        return PinholeCamera(self.rgb.shape[2], self.rgb.shape[1], self.K)


def kept(folder: Path, name: str, make) -> Film:
    """A film, made once."""
    path = folder / f"{name}.npz"
    if not path.exists():
        film = make()
        np.savez(path, **{k: v for k, v in vars(film).items() if k != "name"})
    with np.load(path) as arrays:
        return Film(name, **{k: arrays[k] for k in arrays.files})


def synthesised(name: str, config: SynthesizeConfig, *, other: str = "") -> Film:
    """The studio's film; ``other``: a second thing that moves as well (``twin``, ``small``)."""
    studio = Studio(config, lambda fraction, figures: None)
    T = studio.motion.poses(studio.phases)
    if not other:
        video = studio.take_video(T).video
    else:
        video = _with_other(studio, T, SMALL_SIZE_M if other == "small" else TWIN_SIZE_M)
    T_cam_object = inverse_se3(studio.video_poses[0]) @ T
    mesh = studio.mesh
    gap = _hand_gap(studio, T)
    box = _box(video.camera, mesh.vertices, T_cam_object[0])
    return Film(
        name,
        video.rgb,
        video.depth_mm,
        video.timestamps_s,
        video.K,
        T_cam_object,
        mesh.vertices,
        mesh.faces,
        box,
        gap,
    )


def recorded(path: Path) -> Film | None:
    """A recorded hand at work, rendered; None where the table would be seen edge-on."""
    taken = hand_object_films.take(path)
    if taken is None:
        return None
    v = taken.video
    box = _box(v.camera, taken.mesh.vertices, taken.T_cam_object[0])
    unknown = np.full(v.num_frames, np.nan)
    return Film(
        path.stem,
        v.rgb_frames,
        v.depth_frames,
        v.timestamps_s,
        v.camera.K,
        taken.T_cam_object,
        taken.mesh.vertices,
        taken.mesh.faces,
        box,
        unknown,
    )


def _box(camera, vertices, T):
    pixels = camera.project(transform_points(T, vertices))
    return np.concatenate([pixels.min(0), pixels.max(0)])


def _with_other(studio, T_world_object, size_m):
    """The hand moves one thing; a second moves from its place at another time."""
    from xsim_core.capture.formats import RGBDVideo

    config, camera = studio.config, studio.video_camera
    mesh = l_block(size_m=size_m, seed=config.seed + 77)
    moves = ObjectMotion((0.62, -0.22), (0.66, -0.08), 0.4, -0.5, 0.0, size_m[2] / 2, "slide")
    progress = studio.phases.progress(8, 30)
    xy = np.array(moves.start_xy_m) + progress[:, None] * np.subtract((0.66, -0.08), (0.62, -0.22))
    T_other = np.tile(moves.poses(studio.phases)[0], (config.num_frames, 1, 1))
    T_other[:, :2, 3] = xy
    thing, second = studio.scene.add("object", [studio.mesh]), studio.scene.add("other", [mesh])
    links = {n: studio.scene.add(n, parts) for n, parts in studio.hand.meshes.items()}
    link_poses, rgb, depth_mm = studio.hand_poses(T_world_object), [], []
    for t, pose in enumerate(T_world_object):
        studio.scene.place(thing, pose)
        studio.scene.place(second, T_other[t])
        for name, T in link_poses[t].items():
            studio.scene.place(links[name], T)
        view = studio.scene.render(camera, studio.video_poses[t])
        rgb.append(add_colour_noise(view.rgb, rng=studio.noise_rng))
        noisy = add_depth_noise(
            view.depth_m, camera.K[0, 0], config.depth_noise, rng=studio.noise_rng
        )
        depth_mm.append(np.rint(noisy * 1000).astype(np.uint16))
    stamps = np.arange(config.num_frames) / config.fps
    return RGBDVideo(np.stack(rgb), np.stack(depth_mm), stamps, camera.K)


def _hand_gap(studio, T_world_object):
    """Distance (t,) of the hand's nearest vertex from a dense sample of the object's surface."""
    surface = studio.mesh.sample_surface(40000, rng=np.random.default_rng(0))
    tree, gaps = cKDTree(surface), []
    for T, links in zip(T_world_object, studio.hand_poses(T_world_object), strict=True):
        points = np.concatenate(
            [
                transform_points(inverse_se3(T) @ links[name], part.vertices.astype(float))
                for name, parts in studio.hand.meshes.items()
                for part in parts
            ]
        )
        gaps.append(float(tree.query(points)[0].min()))
    return np.array(gaps)


ROOMS = ("patterned", "kitchen", "study")


def of_studio() -> dict[str, tuple[SynthesizeConfig, str]]:
    """Name -> what is filmed, and which other thing moves."""
    films: dict[str, tuple[SynthesizeConfig, str]] = {}
    for room in ROOMS:
        for seed in range(2):
            rng = np.random.default_rng([seed, ROOMS.index(room)])
            start = (0.50 + rng.uniform(-0.04, 0.06), -0.10 + rng.uniform(-0.05, 0.05))
            config = SynthesizeConfig(
                seed=seed,
                furniture=room,
                num_frames=60,
                fps=10.0,
                num_photos=0,
                motion="lift" if seed == 1 else "slide",
                start_xy_m=start,
                start_yaw_rad=float(rng.uniform(-0.6, 0.6)),
            )
            films[f"{room}_{seed}"] = (config, "")
    for seed, (other, room) in enumerate([("twin", "kitchen"), ("small", "study")]):
        config = SynthesizeConfig(
            seed=10 + seed, furniture=room, num_frames=60, fps=10.0, num_photos=0
        )
        films[f"{room}_{other}"] = (config, other)
    return films
