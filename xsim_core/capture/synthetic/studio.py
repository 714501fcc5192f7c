"""The render scene in which a synthesised capture is filmed: room, object and hand."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo, write_photos, write_realsense, write_rgbd_folder
from xsim_core.capture.layout import USUAL_MESH, CaptureFile, write_capture_file
from xsim_core.geometry import (
    PinholeCamera,
    TexturedMesh,
    inverse_se3,
    look_at,
    make_se3,
    so3_exp,
    transform_points,
)
from xsim_core.render.lights import LightSpec, light_room
from xsim_core.render.room import RoomSpec, build_room, clutter_of
from xsim_core.render.shapes import l_block
from xsim_core.storage import Progress

from .depth_noise import add_colour_noise, add_depth_noise
from .hand import OPEN_ANGLES, Hand, grasp_angles
from .hand_held import hand_held
from .motion import ObjectMotion, Phases, minimum_jerk
from .rendering import SUPERSAMPLE, RenderScene
from .scenario import SynthesizeConfig, demo_board, real_world_spec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Take:
    """The video, its truth and what the hand did."""

    video: RGBDVideo
    visible_fraction: NDArray[np.float32]


class Studio:
    """One render scene in which everything is filmed."""

    def __init__(self, config: SynthesizeConfig, progress: Progress) -> None:
        self.config, self.progress = config, progress
        scene_rng, hand_rng, self.noise_rng, self.user_rng = np.random.default_rng(
            config.seed
        ).spawn(4)
        self.board = demo_board()
        self.room = RoomSpec(
            furniture=config.furniture,
            clutter=clutter_of(config.furniture),
            board=self.board,
            texture_seed=int(scene_rng.integers(1 << 30)),
        )
        self.mesh = l_block(size_m=config.object_size_m, seed=int(scene_rng.integers(1 << 30)))
        self.phases = Phases.of(config.num_frames)
        self.motion = ObjectMotion(
            config.start_xy_m,
            config.end_xy_m,
            config.start_yaw_rad,
            config.turn_rad,
            config.bulge_m,
            config.object_size_m[2] / 2,
            config.motion,
        )
        self.hand = Hand(rng=hand_rng)
        self.scene = RenderScene()
        build_room(self.scene.scene, self.room)
        light_room(self.scene.scene, LightSpec())

    def film(self, capture_dir: Path, truth_dir: Path) -> None:
        """Render everything and write both folders."""
        poses = self.photo_poses()
        photos = self.take_photos(poses)
        T_world_object = self.motion.poses(self.phases)
        take = self.take_video(T_world_object)
        write_photos(capture_dir / "photos", photos)
        write_rgbd_folder(capture_dir / "video", take.video)
        write_realsense(capture_dir / "video" / "recording.db3", take.video)
        self.mesh.write_obj(capture_dir / "object")
        write_capture_file(capture_dir, self.capture_file(T_world_object[0]))
        self.write_truth(truth_dir, T_world_object, poses, take)

    @property
    def video_camera(self) -> PinholeCamera:
        """The RGB-D camera, its principal point a little off the middle."""
        return _camera(self.config.image_wh, self.config.video_focal_px, (1.8, -2.6))

    @property
    def photo_camera(self) -> PinholeCamera:
        """The phone's."""
        return _camera(self.config.image_wh, self.config.photo_focal_px, (0.0, 0.0))

    @property
    def T_world_cam(self) -> Floats:
        """(4, 4) of the RGB-D camera on its stand, which is the policy's."""
        return look_at(self.config.eye_m, self.config.target_m)

    @cached_property
    def video_poses(self) -> Floats:
        """``T_world_cam`` (t, 4, 4) of the video."""
        config = self.config
        if config.camera == "stand":
            return np.tile(self.T_world_cam, (config.num_frames, 1, 1))
        eye, target = np.array(config.eye_m), np.array(config.target_m)
        times_s = np.arange(config.num_frames) / config.fps
        return hand_held(eye, target, times_s, np.random.default_rng([config.seed, 1]))

    def photo_poses(self) -> Floats:
        """``T_world_cam`` (n, 4, 4) on two arcs around the table, hand-held."""
        n, rng = self.config.num_photos, self.user_rng
        poses = np.zeros((n, 4, 4))
        for i in range(n):
            ring, k = i % 2, i // 2
            azimuth = -np.pi + 2 * np.pi * (k + 0.5 * ring) / max(1, (n + 1) // 2)
            distance = (0.78, 0.95)[ring] + rng.uniform(-0.04, 0.04)
            elevation = np.deg2rad((34.0, 55.0)[ring] + rng.uniform(-3, 3))
            flat = distance * np.cos(elevation)
            jitter_x, jitter_y = rng.uniform(-0.05, 0.05, 2)
            target = np.array([0.52 + jitter_x, jitter_y, 0.02])
            eye = target + flat * np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
            eye[2] += distance * np.sin(elevation)
            roll = make_se3(so3_exp([0, 0, rng.uniform(-0.06, 0.06)]), np.zeros(3))
            poses[i] = look_at(eye, target) @ roll
        return poses

    def take_photos(self, poses: Floats) -> NDArray[np.uint8]:
        """(n, h, w, 3) of the empty room, with sensor noise."""
        w, h = self.config.image_wh
        photos = np.zeros((len(poses), h, w, 3), np.uint8)
        for i, pose in enumerate(poses):
            rgb = self.scene.render(self.photo_camera, pose).rgb
            photos[i] = add_colour_noise(rgb, rng=self.noise_rng, gain=0.006, read_std=0.5)
            self.progress(0.3 * (i + 1) / len(poses), {"photo": i + 1})
        return photos

    def take_video(self, T_world_object: Floats) -> _Take:
        """Render every frame of the manipulation."""
        config, camera = self.config, self.video_camera
        thing = self.scene.add("object", [self.mesh])
        links = {name: self.scene.add(name, meshes) for name, meshes in self.hand.meshes.items()}
        link_poses = self.hand_poses(T_world_object)
        rgb, depth_mm, visible = [], [], []
        for t, pose in enumerate(T_world_object):
            self.scene.place(thing, pose)
            for name, T in link_poses[t].items():
                self.scene.place(links[name], T)
            view = self.scene.render(camera, self.video_poses[t])
            rgb.append(add_colour_noise(view.rgb, rng=self.noise_rng))
            depth_m = add_depth_noise(
                view.depth_m, camera.K[0, 0], config.depth_noise, rng=self.noise_rng
            )
            depth_mm.append(np.rint(depth_m * 1000).astype(np.uint16))
            seen = int((view.entity_ids == thing.per_scene_id).sum())
            visible.append(seen / max(1, self.silhouette(pose, self.video_poses[t])))
            self.progress(0.3 + 0.6 * (t + 1) / len(T_world_object), {"frame": t + 1})
        stamps = np.arange(config.num_frames) / config.fps
        video = RGBDVideo(np.stack(rgb), np.stack(depth_mm), stamps, camera.K)
        return _Take(video, np.clip(visible, 0, 1).astype(np.float32))

    def hand_poses(self, T_world_object: Floats) -> list[dict[str, Floats]]:
        """``T_world_link`` of every link in every frame."""
        p = self.phases
        T_object_hand = self.grasp(T_world_object[0])
        outline = _outline(self.mesh)
        closed = grasp_angles(T_object_hand, outline, self.config.object_size_m[2] / 2)
        closing = p.progress(p.close, p.move) * (1 - p.progress(p.release, p.retreat))
        arriving = np.clip(
            (np.arange(p.num_frames) - p.approach) / max(1, p.close - p.approach), 0, 1
        )
        leaving = np.clip((np.arange(p.num_frames) - p.retreat) / max(1, p.leave - p.retreat), 0, 1)
        poses = []
        for t, T in enumerate(T_world_object):
            away = 1 - float(arriving[t]) + float(leaving[t])
            offset = make_se3(np.eye(3), self._approach_offset(away))
            s = closing[t]
            angles = {n: (1 - s) * np.array(OPEN_ANGLES[n]) + s * closed[n] for n in closed}
            poses.append(self.hand.links(offset @ T @ T_object_hand, angles, wrist_rad=-0.25))
        return poses

    def grasp(self, T_world_object: Floats) -> Floats:
        """``T_object_hand``: the palm behind and above the object, fingers over its far side."""
        azimuth, tilt = self.config.grasp_azimuth_rad, np.deg2rad(40)
        forward = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        up = np.array([0, 0, 1.0])
        x = np.cos(tilt) * forward - np.sin(tilt) * up
        z = np.sin(tilt) * forward + np.cos(tilt) * up
        R = np.stack([x, np.cross(z, x), z], axis=-1)
        # A little to the thumb's side, so that the camera sees more of the object.
        left = np.cross(up, forward)
        palm = T_world_object[:3, 3] - 0.035 * forward + 0.095 * up + 0.012 * left
        return inverse_se3(T_world_object) @ make_se3(R, palm)

    def _approach_offset(self, away: float) -> Floats:
        """Displacement (3,) of a hand that is ``away`` (1 gone, 0 there): over, then down."""
        azimuth = self.config.grasp_azimuth_rad
        over, down = minimum_jerk(min(1.0, away)), minimum_jerk(min(1.0, away * 1.5))
        back = -1.0 * over * np.array([np.cos(azimuth), np.sin(azimuth), 0])
        back[2] = 0.17 * down
        return back

    def silhouette(self, T_world_object: Floats, T_world_cam: Floats) -> int:
        """Pixels (supersampled) that the object would cover if nothing were before it."""
        import cv2

        s = SUPERSAMPLE
        camera = self.video_camera.resized(
            s * self.video_camera.width, s * self.video_camera.height
        )
        T_cam_object = inverse_se3(T_world_cam) @ T_world_object
        pixels = camera.project(transform_points(T_cam_object, self.mesh.vertices))
        mask = np.zeros((camera.height, camera.width), np.uint8)
        for face in self.mesh.faces:
            cv2.fillConvexPoly(mask, np.rint(pixels[face]).astype(np.int32), 1)
        return int(mask.sum())

    def capture_file(self, T_world_object: Floats) -> CaptureFile:
        """What the person would write down, the box drawn by an unsteady hand."""
        T_cam_object = inverse_se3(self.video_poses[0]) @ T_world_object
        pixels = self.video_camera.project(transform_points(T_cam_object, self.mesh.vertices))
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        w, h = self.config.image_wh
        box = np.concatenate([low, high]) + self.user_rng.uniform(-4, 4, 4) * w / 640
        box = np.clip(box, 0, [w - 1, h - 1, w - 1, h - 1]).round(1)
        return CaptureFile(
            name=self.config.name,
            object_name=self.config.object_name,
            mesh=USUAL_MESH,
            board=self.board,
            init_box_xyxy=tuple(box.tolist()),
        )

    def write_truth(self, folder: Path, T_world_object: Floats, poses: Floats, take: _Take) -> None:
        """Ground truth and the world to deploy into, for ``evaluate`` alone."""
        truth: dict[str, Any] = {
            "T_world_object": T_world_object,
            "T_world_cam": self.video_poses[0],
            "photo_T_world_cam": poses,
            "photo_K": self.photo_camera.K,
            "visible_fraction": take.visible_fraction,
        }
        if self.config.camera == "hand":
            truth["video_T_world_cam"] = self.video_poses
        np.savez(folder / "truth.npz", **truth)
        self.mesh.write_obj(folder / "object")
        world = real_world_spec(self.config, self.room, self.T_world_cam)
        (folder / "world.json").write_text(json.dumps(world, indent=1))


def _camera(
    image_wh: tuple[int, int], focal_px: float, shift_px: tuple[float, float]
) -> PinholeCamera:
    w, h = image_wh
    f = focal_px * w / 640
    cx, cy = (w - 1) / 2 + shift_px[0] * w / 640, (h - 1) / 2 + shift_px[1] * w / 640
    return PinholeCamera(w, h, np.array([[f, 0, cx], [0, f, cy], [0, 0, 1.0]]))


def _outline(mesh: TexturedMesh) -> Floats:
    """Cross-section (n, 2) of an upright prism: the boundary of its top face, in order."""
    top = mesh.vertices[mesh.vertices[:, 2] > mesh.vertices[:, 2].max() - 1e-6][:, :2]
    # The top cap comes first in the mesh's vertices, already in order.
    _, first = np.unique(top.round(6), axis=0, return_index=True)
    return top[np.sort(first)].astype(np.float64)
