"""A track as results in the BOP benchmark's format (Hodaň et al. 2018), with model and camera.

Format: https://bop.felk.cvut.cz/challenges/bop-challenge-2023/#formatofresults and
https://github.com/thodan/bop_toolkit/blob/master/docs/bop_datasets_format.md
"""

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry.arrays import SE3
from xsim_core.tracking import LOST

from .source import Source

SCENE_ID = OBJECT_ID = 1
HEADER = "scene_id,im_id,obj_id,score,R,t,time"


def write(source: Source[ObjectTrack], folder: Path) -> list[str]:
    """``xsim_OBJECT-test.csv``, ``models/`` with the mesh and its size, ``camera.json``.

    Poses are model to camera: rotation row by row, translation in millimetres. ``im_id`` is the
    frame, ``time`` is -1 (not measured). Frames in which the object is lost have no row.
    """
    track = source.artifact
    status = track.array("status")
    rows = np.flatnonzero(status != LOST)
    poses, scores = track.array("T_cam_object")[rows], track.array("score")[rows]
    # The toolkit takes what lies between underscore and hyphen for the dataset's name.
    dataset = re.sub(r"[^A-Za-z0-9]+", "", track.summary.object_name) or "object"
    (folder / f"xsim_{dataset}-test.csv").write_text(encode_results(rows, poses, scores))
    _write_model(folder / "models", track.array("object/vertices"), track.array("object/faces"))
    _write_camera(folder / "camera.json", track.array("K"), track.array("image_hw"))
    lost = len(status) - len(rows)
    return [f"{lost} of {len(status)} frames have no row: the object is lost in them."] * (lost > 0)


def encode_results(
    frames: NDArray[np.integer], T_cam_object: SE3, scores: NDArray[np.floating]
) -> str:
    """The CSV of poses (n, 4, 4) in metres, their frames (n,) and scores (n,)."""
    lines = [HEADER]
    for frame, T, score in zip(frames.tolist(), T_cam_object, scores.tolist(), strict=True):
        R = " ".join(f"{x:.9f}" for x in T[:3, :3].ravel())
        t = " ".join(f"{1e3 * x:.6f}" for x in T[:3, 3])
        lines.append(f"{SCENE_ID},{frame},{OBJECT_ID},{score:.6f},{R},{t},-1")
    return "\n".join(lines) + "\n"


def _write_model(folder: Path, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
    import trimesh

    mm = 1e3 * vertices.astype(np.float64)
    folder.mkdir()
    name = f"obj_{OBJECT_ID:06d}.ply"
    trimesh.Trimesh(mm, faces, process=False).export(folder / name, file_type="ply")
    low, size = mm.min(0), np.ptp(mm, axis=0)
    info = {
        "diameter": float(pdist(mm[ConvexHull(mm).vertices]).max()),
        **{f"min_{axis}": float(x) for axis, x in zip("xyz", low, strict=True)},
        **{f"size_{axis}": float(x) for axis, x in zip("xyz", size, strict=True)},
    }
    (folder / "models_info.json").write_text(json.dumps({str(OBJECT_ID): info}, indent=1) + "\n")


def _write_camera(path: Path, K: NDArray[np.float64], image_hw: NDArray[np.int64]) -> None:
    height, width = image_hw.tolist()
    camera = {
        "cx": K[0, 2], "cy": K[1, 2], "fx": K[0, 0], "fy": K[1, 1],
        "width": width, "height": height, "depth_scale": 1.0,
    }  # fmt: skip
    path.write_text(json.dumps(camera, indent=1) + "\n")
