"""One film of a few frames, laid out as other programs keep it."""

import json

import numpy as np
from PIL import Image

from xsim_core.geometry import PinholeCamera

K = np.array([[60, 0, 31.5], [0, 62, 23.5], [0, 0, 1.0]])
N = 6
T0 = 1305031102.175304


def film():
    """Colour (6, 48, 64, 3) and depth in mm (6, 48, 64), no two pixels alike."""
    rng = np.random.default_rng(7)
    rgb = rng.integers(0, 256, (N, 48, 64, 3)).astype(np.uint8)
    return rgb, rng.integers(1, 1300, (N, 48, 64)).astype(np.uint16) * 5


def write_images(folder, *, colour="rgb/{i:06d}.png", depth="depth/{i:06d}.png", steps_per_mm=1.0):
    """The film's images by these names; ``{t}`` is a time 30 frames a second."""
    for i, (rgb, mm) in enumerate(zip(*film(), strict=True)):
        names = {"i": i, "t": T0 + i / 30, "td": T0 + 0.004 + i / 30}
        for name, image in ((colour, rgb), (depth, np.rint(mm * steps_per_mm).astype(np.uint16))):
            path = folder / name.format(**names)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)


def tum(folder, *, camera=True):
    """TUM RGB-D."""
    write_images(folder, colour="rgb/{t:.6f}.png", depth="depth/{td:.6f}.png", steps_per_mm=5)
    for name in ("rgb", "depth"):
        files = sorted((folder / name).iterdir())
        lines = [f"{file.stem} {name}/{file.name}" for file in files]
        (folder / f"{name}.txt").write_text("# timestamp filename\n" + "\n".join(lines) + "\n")
    if camera:
        text = "".join(
            f"{k}: {v}\n" for k, v in (("fx", 60), ("fy", 62), ("cx", 31.5), ("cy", 23.5))
        )
        (folder / "camera.yaml").write_text(text)


def open3d(folder, *, name="camera_intrinsic.json", **more):
    """Open3D's reconstruction system."""
    write_images(folder, colour="color/{i:06d}.png")
    told = {"width": 64, "height": 48, "intrinsic_matrix": K.T.ravel().tolist(), **more}
    (folder / name).write_text(json.dumps(told))


def bop(folder, *, cameras=None, scale=0.1, boxes=True):
    """A BOP scene whose images count from 3, with two objects."""
    write_images(folder, steps_per_mm=1 / scale)
    for name in ("rgb", "depth"):
        for i in reversed(range(N)):
            (folder / name / f"{i:06d}.png").rename(folder / name / f"{i + 3:06d}.png")
    cameras = [K] * N if cameras is None else cameras
    told = {
        str(i + 3): {"cam_K": one.ravel().tolist(), "depth_scale": scale}
        for i, one in enumerate(cameras)
    }
    (folder / "scene_camera.json").write_text(json.dumps(told))
    pose = {"cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0, 0, 600]}
    truth = {str(i + 3): [{"obj_id": 5, **pose}, {"obj_id": 9, **pose}] for i in range(N)}
    (folder / "scene_gt.json").write_text(json.dumps(truth))
    if boxes:
        info = [{"bbox_visib": [10, 12, 20, 8]}, {"bbox_visib": [-1, -1, -1, -1]}]
        (folder / "scene_gt_info.json").write_text(json.dumps({str(i + 3): info for i in range(N)}))


def foundationpose(folder):
    """FoundationPose's demo, its images named by nanoseconds."""
    names = [f"{1581120424100262102 + round(i * 1e9 / 30)}" for i in range(N)]
    write_images(folder)
    np.savetxt(folder / "cam_K.txt", K)
    (folder / "masks").mkdir()
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[5:15, 20:40, 1] = 255
    Image.fromarray(mask).save(folder / "masks" / f"{names[0]}.png")
    for i, name in enumerate(names):
        for kind in ("rgb", "depth"):
            (folder / kind / f"{i:06d}.png").rename(folder / kind / f"{name}.png")


def scannet(folder, *, K_depth=K, colour_by=2, extrinsic=None):
    """What ScanNet's SensReader exports: depth as it is, colour larger, a pose a frame."""
    write_images(folder, colour="color/{i}.png", depth="depth/{i}.png")
    for i in range(N):
        with Image.open(folder / "color" / f"{i}.png") as image:
            larger = image.resize((64 * colour_by, 48 * colour_by), Image.Resampling.NEAREST)
        (folder / "color" / f"{i}.png").unlink()
        larger.save(folder / "color" / f"{i}.jpg", quality=95)
    for name in ("intrinsic", "pose"):
        (folder / name).mkdir()
    K_colour = PinholeCamera(64, 48, K).resized(64 * colour_by, 48 * colour_by).K
    for kind, matrix in (("color", K_colour), ("depth", K_depth)):
        whole = np.eye(4)
        whole[:3, :3] = matrix
        np.savetxt(folder / "intrinsic" / f"intrinsic_{kind}.txt", whole, fmt="%f")
        np.savetxt(folder / "intrinsic" / f"extrinsic_{kind}.txt", np.eye(4), fmt="%f")
    if extrinsic is not None:
        np.savetxt(folder / "intrinsic" / "extrinsic_color.txt", extrinsic, fmt="%f")
    for i in range(N):
        T = np.eye(4) if i != 2 else np.full((4, 4), -np.inf)  # The tracker was lost in frame 2.
        T[0, 3] += 0.01 * i
        np.savetxt(folder / "pose" / f"{i}.txt", T, fmt="%f")
