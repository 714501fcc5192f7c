"""Record3D's files, written as its author describes them."""

import io
import json
import zipfile

import lzfse
import numpy as np
from PIL import Image

K = np.array([[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1.0]])
N, W, H, DW, DH = 5, 64, 48, 32, 24


def frames():
    """Smooth colour (5, 48, 64, 3), depth in metres (5, 24, 32) and its confidence."""
    u, v = np.meshgrid(np.arange(W), np.arange(H))
    rgb = np.stack([np.stack([3 * u, 4 * v, 0 * u + 30 * i], -1) for i in range(N)])
    depth = np.stack([np.full((DH, DW), 0.5 + 0.1 * i, np.float32) for i in range(N)])
    depth[:, :, 20:] += 0.05
    confidence = np.full((N, DH, DW), 2, np.uint8)
    confidence[:, 10:12, 5:9] = 0
    return rgb.astype(np.uint8), depth, confidence


def metadata(**more):
    """With ``K`` by columns."""
    told = {
        "w": W,
        "h": H,
        "dw": DW,
        "dh": DH,
        "fps": 30,
        "K": K.T.ravel().tolist(),
        "perFrameIntrinsicCoeffs": [[60, 60, 31.5, 23.5]] * N,
        "frameTimestamps": [i / 30 for i in range(N)],
        "poses": [[0, 0, 0, 1, 0.001 * i, 0, 0] for i in range(N)],
    }
    return {**told, **more}


def write_r3d(path, *, told=None, change=None, compression=zipfile.ZIP_STORED):
    """Write the film; ``change`` may edit the archive's files by name."""
    rgb, depth, confidence = frames()
    files = {"metadata": json.dumps(told or metadata()).encode(), "icon": b""}
    for i in range(N):
        jpeg = io.BytesIO()
        Image.fromarray(rgb[i]).save(jpeg, "JPEG", quality=98, subsampling=0)
        files[f"rgbd/{i}.jpg"] = jpeg.getvalue()
        files[f"rgbd/{i}.depth"] = lzfse.compress(depth[i].tobytes())
        files[f"rgbd/{i}.conf"] = lzfse.compress(confidence[i].tobytes())
    if change is not None:
        change(files)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
