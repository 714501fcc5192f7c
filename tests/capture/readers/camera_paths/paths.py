"""One camera's path of three frames, in the files that programs leave it in."""

import json

import numpy as np
from scipy.spatial.transform import Rotation

from tests.capture.readers.recordings.phone import N, metadata, write_r3d

GL_TO_CV = np.diag([1.0, -1, -1, 1])


def poses(count=3):
    """``T_world_cam`` (3, 4, 4), each turned and moved as no other."""
    T = np.tile(np.eye(4), (count, 1, 1))
    turns = np.outer(np.arange(count) + 1, [0.1, 0.2, -0.1])
    T[:, :3, :3] = Rotation.from_rotvec(turns).as_matrix()
    T[:, :3, 3] = [[0.1 + 0.03 * i, -0.05, 0.6 + 0.02 * i] for i in range(count)]
    return T


def tum_lines(times_s, T):
    quaternions = Rotation.from_matrix(T[:, :3, :3]).as_quat()
    return np.column_stack([times_s, T[:, :3, 3], quaternions])


def _tum(path, T):
    np.savetxt(path, tum_lines(np.arange(len(T)) / 15, T), header="timestamp tx ty tz qx qy qz qw")


def _log(path, T):
    rows = [
        f"{i} {i} {i + 1}\n" + "\n".join(" ".join(map(str, r)) for r in M) for i, M in enumerate(T)
    ]
    path.write_text("\n".join(rows) + "\n")


def _trajectory(path, T):
    told = [{"extrinsic": np.linalg.inv(M).T.ravel().tolist(), "intrinsic": {}} for M in T]
    path.write_text(json.dumps({"class_name": "PinholeCameraTrajectory", "parameters": told}))


def _graph(path, T):
    nodes = [{"pose": M.T.ravel().tolist()} for M in T]
    path.write_text(json.dumps({"class_name": "PoseGraph", "nodes": nodes, "edges": []}))


def _scene(path, T):
    told = {}
    for i, M in enumerate(np.linalg.inv(T)):
        w2c = {"cam_R_w2c": M[:3, :3].ravel().tolist(), "cam_t_w2c": (1000 * M[:3, 3]).tolist()}
        told[str(i)] = {"cam_K": [60, 0, 32, 0, 60, 24, 0, 0, 1], "depth_scale": 1.0, **w2c}
    path.write_text(json.dumps(told))


def _transforms(path, T):
    frames = [
        {"file_path": f"images/frame_{i:05d}.png", "transform_matrix": (M @ GL_TO_CV).tolist()}
        for i, M in enumerate(T)
    ]
    path.write_text(json.dumps({"frames": frames}))


def _phone(path, T):
    wanted = (poses(N) if len(T) < N else T) @ GL_TO_CV
    quaternions = Rotation.from_matrix(wanted[:, :3, :3]).as_quat()
    told = np.column_stack([quaternions, wanted[:, :3, 3]]).tolist()
    write_r3d(path, told=metadata(poses=told))


def _odometry(path, T):
    lines = ["timestamp, frame, x, y, z, qx, qy, qz, qw"]
    for i, row in enumerate(tum_lines(123.4 + np.arange(len(T)) / 60, T).tolist()):
        lines.append(", ".join([str(row[0]), f"{i:06d}", *map(str, row[1:])]))
    path.write_text("\n".join(lines) + "\n")


def _folder(path, T):
    path.parent.mkdir(exist_ok=True)
    for i, M in enumerate(T):
        np.savetxt(path.parent / f"frame-{i:06d}.pose.txt", M)


def _arrays(path, T):
    path.parent.mkdir(exist_ok=True)
    for i, M in enumerate(T):
        np.save(path.parent / f"{i}.npy", M)


FORMS = {
    "groundtruth.txt": _tum,
    "poses.npy": np.save,
    "rows.txt": lambda path, T: np.savetxt(path, T.reshape(len(T), 16)),
    "trajectory.log": _log,
    "trajectory.json": _trajectory,
    "graph.json": _graph,
    "scene_camera.json": _scene,
    "transforms.json": _transforms,
    "film.r3d": _phone,
    "odometry.csv": _odometry,
    "pose/frame-000001.pose.txt": _folder,
    "cam/1.npy": _arrays,
}
"""By the file that is written (or one of a folder's)."""


def written(folder, name, T=None):
    """Write it; answers the file, and what ``camera_path`` names."""
    path = folder / name
    FORMS[name](path, poses() if T is None else T)
    return path, path.parent if "/" in name else path
