"""ScanNet's ``.sens``, written as its README and its reader describe it."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from tests.capture.readers.folders import layouts
from xsim_core.geometry import PinholeCamera

RAW, PNG, JPEG, ZLIB = 0, 1, 2, 1


def write_sens(
    path,
    *,
    colour=PNG,
    depth=ZLIB,
    colour_by=2,
    times_us=None,
    extrinsic=None,
    version=4,
    steps_a_metre=1000.0,
):
    """The film of ``layouts``, its colour enlarged; the tracker was lost in frame 2."""
    w, h = 64 * colour_by, 48 * colour_by
    times_us = [1000 + 33_333 * i for i in range(layouts.N)] if times_us is None else times_us
    matrices = [np.eye(4, dtype="<f4") for _ in range(4)]
    matrices[0][:3, :3] = PinholeCamera(64, 48, layouts.K).resized(w, h).K
    matrices[2][:3, :3] = layouts.K
    if extrinsic is not None:
        matrices[1] = np.asarray(extrinsic, "<f4")
    parts = [struct.pack("<IQ", version, 5), b"Kinect"[:5], *(m.tobytes() for m in matrices)]
    sizes = (colour, depth, w, h, 64, 48)
    parts.append(struct.pack("<2i4IfQ", *sizes, steps_a_metre, layouts.N))
    for i, (rgb, mm) in enumerate(zip(*layouts.film(), strict=True)):
        T = np.eye(4) if i != 2 else np.full((4, 4), -np.inf)
        T[0, 3] += 0.01 * i
        image = rgb.repeat(colour_by, axis=0).repeat(colour_by, axis=1)
        packed, stored = _colour(image, colour), mm.astype("<u2").tobytes()
        stored = zlib.compress(stored) if depth == ZLIB else stored
        parts.append(T.astype("<f4").tobytes())
        parts.append(struct.pack("<4Q", times_us[i], times_us[i], len(packed), len(stored)))
        parts += [packed, stored]
    path.write_bytes(b"".join(parts))
    return path


def _colour(image, colour):
    if colour == RAW:
        return image.tobytes()
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG" if colour == PNG else "JPEG", quality=95, subsampling=0)
    return file.getvalue()
