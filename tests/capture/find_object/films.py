"""Videos of blocks on a table, as a capture has them."""

import numpy as np
import trimesh

from tests.film.table_films import CAMERA, depth_film
from xsim_core.capture.formats import RGBDVideo
from xsim_core.geometry import TexturedMesh, mesh_without_texture

NUM, FPS = 24, 15


def video_of(blocks, *, first=0):
    """A film of them; ``first`` is what its first frame is called."""
    depth_mm = depth_film(blocks, NUM)
    rgb = np.zeros((*depth_mm.shape, 3), np.uint8)
    return RGBDVideo(rgb, depth_mm, np.arange(NUM) / FPS, CAMERA.K, np.arange(NUM) + first)


def mesh_of(size_m) -> TexturedMesh:
    """A box's mesh."""
    box = trimesh.creation.box(size_m)
    return mesh_without_texture(box.vertices, box.faces)
