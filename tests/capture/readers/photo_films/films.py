"""A phone's film of the textured table of ``tests/scan/scenes.py``, by exact ray casting."""

import subprocess
from functools import cache

import cv2
import imageio_ffmpeg
import numpy as np

from tests.scan.scenes import photograph, table_texture, texture
from xsim_core.geometry import PinholeCamera, look_at

W, H, FPS = 240, 180, 15
CAMERA = PinholeCamera(W, H, np.array([[215.0, 0, 119.5], [0, 215, 89.5], [0, 0, 1]]))


def pose(angle, turn=0.0):
    eye = np.array([0.4 + 0.85 * np.cos(angle), 0.85 * np.sin(angle), 0.55])
    target = [0.4 + turn * np.sin(angle), -turn * np.cos(angle), 0.0]
    return look_at(eye, target)


@cache
def walk():
    """Frames (75, h, w, 3): a walk on an arc, a second's stop after 30; every second is blurred."""
    angles = np.concatenate([np.linspace(-1.1, 0, 30), np.zeros(15), np.linspace(0, 1.1, 30)])
    textures = [table_texture(with_board=True), texture(1), texture(2)]
    frames = [photograph(CAMERA, pose(a), textures, 0.0) for a in angles]
    return np.stack([cv2.blur(f, (9, 1)) if i % 2 else f for i, f in enumerate(frames)])


def write_film(path, frames, *, fps=FPS):
    h, w = frames.shape[1:3]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo"]
    command += ["-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", str(fps), "-i", "-"]
    command += ["-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True, timeout=60)
    return path
