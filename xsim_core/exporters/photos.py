"""Photos with their cameras, as nerfstudio and as COLMAP read them.

In both the centre of the first pixel is at (0.5, 0.5); here it is at (0, 0).
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import PosedImages
from xsim_core.geometry import inverse_se3, matrix_to_quat_wxyz

from .source import Source

CV_TO_GL = np.diag([1.0, -1.0, -1.0, 1.0])
"""Camera axes: OpenCV's y down and z forward to OpenGL's y up and z backward."""


def write_nerfstudio(source: Source[PosedImages], folder: Path) -> list[str]:
    """``transforms.json``, ``images/`` and the triangulated points as ``points3D.ply``.

    Format: https://docs.nerf.studio/quickstart/data_conventions.html
    """
    import trimesh

    photos = source.artifact
    names = _write_images(photos.array("images"), folder / "images")
    held_out = photos.array("is_held_out")
    T_world_cam_gl = photos.array("T_world_cam") @ CV_TO_GL
    K, (height, width) = photos.array("K"), photos.array("images").shape[1:3]
    points = trimesh.PointCloud(photos.array("points_world"), colors=photos.array("points_rgb"))
    points.export(folder / "points3D.ply", file_type="ply")
    names = [f"images/{name}" for name in names]
    transforms = {
        "camera_model": "OPENCV",
        "fl_x": K[0, 0],
        "fl_y": K[1, 1],
        "cx": K[0, 2] + 0.5,
        "cy": K[1, 2] + 0.5,
        "w": width,
        "h": height,
        "k1": 0.0,
        "k2": 0.0,
        "p1": 0.0,
        "p2": 0.0,
        "ply_file_path": "points3D.ply",
        "train_filenames": [n for n, out in zip(names, held_out, strict=True) if not out],
        "test_filenames": [n for n, out in zip(names, held_out, strict=True) if out],
        "frames": [
            {"file_path": n, "transform_matrix": T.tolist()}
            for n, T in zip(names, T_world_cam_gl, strict=True)
        ],
    }
    (folder / "transforms.json").write_text(json.dumps(transforms, indent=1) + "\n")
    said = (
        "nerfstudio turns, centres and scales scenes by default: --orientation-method none "
        "--center-method none --auto-scale-poses False of its dataparser keep metres and the "
        "robot-base frame."
    )
    return [said]


def write_colmap(source: Source[PosedImages], folder: Path) -> list[str]:
    """``images/`` and ``sparse/0/`` with ``cameras.txt``, ``images.txt`` and ``points3D.txt``.

    Format: https://colmap.github.io/format.html#text-format
    """
    photos = source.artifact
    names = _write_images(photos.array("images"), folder / "images")
    K, (height, width) = photos.array("K"), photos.array("images").shape[1:3]
    sparse = folder / "sparse/0"
    sparse.mkdir(parents=True)
    pinhole = (K[0, 0], K[1, 1], K[0, 2] + 0.5, K[1, 2] + 0.5)
    camera = " ".join(map(_digits, pinhole))
    (sparse / "cameras.txt").write_text(f"1 PINHOLE {width} {height} {camera}\n")
    T_cam_world = inverse_se3(photos.array("T_world_cam"))
    lines: list[str] = []
    for i, (name, T) in enumerate(zip(names, T_cam_world, strict=True), 1):
        pose = (*matrix_to_quat_wxyz(T[:3, :3]), *T[:3, 3])
        # The empty line is that of the image's points.
        lines += [f"{i} {' '.join(map(_digits, pose))} 1 {name}", ""]
    (sparse / "images.txt").write_text("\n".join(lines) + "\n")
    points, colours = photos.array("points_world"), photos.array("points_rgb")
    rows = [
        f"{i} {' '.join(map(_digits, p))} {' '.join(map(str, c))} -1"
        for i, (p, c) in enumerate(zip(points.tolist(), colours.tolist(), strict=True), 1)
    ]
    (sparse / "points3D.txt").write_text("\n".join(rows) + "\n" if rows else "")
    return ["Which image shows which point is not kept by a scan: points have no tracks."]


def _write_images(images: NDArray[np.uint8], folder: Path) -> list[str]:
    from PIL import Image

    folder.mkdir()
    names = [f"{i:04d}.png" for i in range(len(images))]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / name)
    return names


def _digits(x: float) -> str:
    """All of them: COLMAP keeps what is written, quaternions that are a little too long too."""
    return repr(float(x))
