"""Damaged files by the thousand through every reader: ``python -m ….campaign SEED COUNT``.

Prints a JSON object: how many inputs were read and refused, and what came out otherwise (the first
lines of tracebacks, refusals of several lines, inputs that took long). A crash ends the process.
"""

import io
import json
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trimesh
from PIL import Image

from xsim_core.capture.formats import RGBDVideo, write_realsense
from xsim_core.capture.readers import read_mesh, read_photos, read_video
from xsim_core.capture.readers.images import open_image
from xsim_core.capture.readers.intrinsics import parse_intrinsics
from xsim_core.errors import XSimError
from xsim_core.text import read_text

from .recordings.bags import BagWriter

SLOW_S = 20.0
INTRINSICS = (
    b'{"K": [600, 0, 320, 0, 600, 240, 0, 0, 1], "width": 640, "height": 480, '
    b'"D": [0.1, 0, 0, 0, 0], "distortion_model": "plumb_bob"}'
)


def seeds(folder, rng):
    """A small sound file for each reader: name → bytes."""
    video = RGBDVideo(
        rng.integers(0, 255, (3, 12, 16, 3)).astype(np.uint8),
        rng.integers(400, 3000, (3, 12, 16)).astype(np.uint16), np.arange(3) / 15,
        np.array([[15, 0, 7.5], [0, 15, 5.5], [0, 0, 1.0]]),
    )  # fmt: skip
    write_realsense(folder / "realsense.db3", video)
    made = {"realsense.db3": (folder / "realsense.db3").read_bytes()}
    for kind, name in (("ros1", "1.bag"), ("ros2 file", "2.db3"), ("ros2 mcap file", "3.mcap")):
        bag = BagWriter(kind)
        bag.film(video)
        (folder / name).mkdir()
        made[f"ros{name}"] = bag.save(folder / name).read_bytes()
    box = trimesh.creation.box((0.1, 0.08, 0.06))
    box.visual.vertex_colors = rng.integers(0, 255, (8, 3))
    for suffix in ("ply", "obj", "glb", "stl", "off"):
        buffer = io.BytesIO()
        box.export(buffer, file_type=suffix)
        made[f"mesh.{suffix}"] = buffer.getvalue()
    image = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8))
    image.save(folder / "first.png")
    with open_image(folder / "first.png"):
        pass  # HEIC is known to Pillow from here on.
    for suffix in ("png", "jpg", "heic", "tif", "webp", "bmp"):
        image.save(folder / f"photo.{suffix}")
        made[f"photo.{suffix}"] = (folder / f"photo.{suffix}").read_bytes()
    return made | {"cam_K.txt": INTRINSICS}


def mutated(data, rng):
    """Truncated, with a hole, with a part repeated, or with some bytes changed."""
    whole, kind = bytearray(data), rng.integers(5)
    a, b = sorted(rng.integers(0, len(whole) + 1, 2))
    if kind == 0:
        return bytes(whole[:a])
    if kind == 1:
        return bytes(whole[:a] + whole[b:])
    if kind == 2:
        return bytes(whole[:b] + whole[a : min(b, a + 64)] * 3 + whole[b:])
    for at in rng.integers(0, len(whole), rng.integers(1, 9)):
        flipped = whole[at] ^ (1 << int(rng.integers(8)))
        whole[at] = flipped if kind == 3 else int(rng.choice([0, 255, 127, 128, 1, 45, 48, 57]))
    return bytes(whole)


def read(path):
    """Whatever reads such a file."""
    match path.name.split(".")[0]:
        case "mesh":
            read_mesh(path)
        case "photo":
            read_photos(path.parent)
        case "cam_K":
            parse_intrinsics(read_text(path, []), path.name, []).fit_to((640, 480), path.name, [])
        case _:
            read_video(path)


def run(seed, count):
    """Counts of ``read``, ``refused``, and what should not have come out."""
    rng, counts, faults = np.random.default_rng(seed), Counter(), Counter()
    with TemporaryDirectory() as made, TemporaryDirectory() as place:
        files = seeds(Path(made), rng)
        for i in range(count):
            name = list(files)[i % len(files)]
            path = Path(place) / "one" / name
            shutil.rmtree(path.parent, ignore_errors=True)
            path.parent.mkdir()
            path.write_bytes(mutated(files[name], rng))
            begun_s = time.monotonic()
            try:
                read(path)
                counts["read"] += 1
            except XSimError as error:
                counts["refused"] += 1
                if "\n" in str(error):
                    faults[f"{name}: several lines: {str(error)[:200]}"] += 1
            except Exception:  # noqa: BLE001 that is what is looked for
                faults[f"{name}: {traceback.format_exc()[-400:]}"] += 1
            if time.monotonic() - begun_s > SLOW_S:
                faults[f"{name}: input {i} of seed {seed} took long"] += 1
    return {**counts, "faults": faults}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
