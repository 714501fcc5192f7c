"""Sound captures as small as they come, laid out in a folder whose one file is then spoilt."""

import io
import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import trimesh
import yaml
from PIL import Image

from tests.capture.readers.folders import layouts, test_film
from tests.capture.readers.photo_films.films import write_film
from tests.capture.readers.recordings.bags import BagWriter, write_realsense_bag
from tests.capture.readers.recordings.phone import write_r3d
from tests.capture.readers.recordings.scans import write_sens
from xsim_core.capture.formats import RGBDVideo, write_realsense, write_rgbd_folder
from xsim_core.capture.readers.images import open_image
from xsim_core.world import WorldSpec

K = np.array([[15, 0, 7.5], [0, 15, 5.5], [0, 0, 1.0]])
BOARD = {
    "squares_x": 6, "squares_y": 4, "square_m": 0.04, "marker_m": 0.03,
    "T_world_board": np.eye(4).tolist(),
}  # fmt: skip
CAPTURE = {
    "name": "one", "object_name": "box", "video": "video", "mesh": "object/mesh.obj",
    "board": BOARD, "init_frame": 0, "init_box_xyxy": [2, 2, 12, 10], "depth_unit_m": 0.001,
}  # fmt: skip
CAMERAS = {
    "cam_K.txt": "15 0 7.5\n0 15 5.5\n0 0 1\n",
    "cam_K.json": json.dumps({
        "K": K.ravel().tolist(), "width": 16, "height": 12, "D": [0.1, 0, 0, 0, 0],
        "distortion_model": "plumb_bob",
    }),
    "camera.yaml": yaml.safe_dump({
        "image_width": 16, "image_height": 12, "distortion_model": "equidistant",
        "camera_matrix": {"rows": 3, "cols": 3, "data": K.ravel().tolist()},
        "distortion_coefficients": {"rows": 1, "cols": 4, "data": [0.01, 0, 0, 0]},
    }),
    "intrinsics.txt": "fx = 15\nfy = 15\ncx = 7.5\ncy = 5.5\nk1 = 0.01\n",
}  # fmt: skip
MATRICES = {
    "cam.txt": "0 -1 0 0.5\n-1 0 0 0\n0 0 -1 0.9\n0 0 0 1\n",
    "cam.json": json.dumps(
        {
            "serial": 7,
            "cam2base": [[1, 0, 0, 0.5], [0, -1, 0, 0], [0, 0, -1, 0.9]],
        }
    ),
    "cam.yaml": "transformation: {x: 0.5, y: 0, z: 0.9, qx: 1, qy: 0, qz: 0, qw: 0}\n",
    "cam.calib": "transform:\n  translation: {x: 0.5, y: 0, z: 0.9}\n"
    "  rotation: {x: 1, y: 0, z: 0, w: 0}\n",
}
ROBOT_POSES = {
    "rotation vectors": "0.4 0 0.3 3.1 0 0\n0.4 0.1 0.3 3 0.2 0\n0.5 0 0.3 2.9 0 0.1\n",
    "quaternions": "x,y,z,qx,qy,qz,qw\n" + 3 * "0.4,0,0.3,1,0,0,0\n",
    "matrices": 3 * "1 0 0 0.4 0 -1 0 0 0 0 -1 0.3 0 0 0 1\n",
}
TAGS = json.dumps(
    {"unit": "mm", **{str(i): [[0, 50, 0], [50, 50, 0], [50, 0, 0], [0, 0, 0]] for i in range(3)}}
)
TASK = {
    "name": "push", "num_waypoints": 3, "symmetric_axis": [0, 0, 1], "horizon": 40,
    "workspace_z_m": [0.02, 0.1], "start": {"object_xy_m": 0.02}, "reward": {"grasp": 0.0},
    "physics": {"friction": 0.3}, "stages": {"ppo": {"num_env_steps": 2000}},
}  # fmt: skip


def small_video():
    """Three frames of noise, 12x16."""
    rng = np.random.default_rng(0)
    return RGBDVideo(
        rng.integers(0, 255, (3, 12, 16, 3)).astype(np.uint8),
        rng.integers(400, 3000, (3, 12, 16)).astype(np.uint16),
        np.arange(3) / 15,
        K,
    )


def picture(mode="RGB"):
    """32x24 of noise."""
    rng = np.random.default_rng(1)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65535, (24, 32)).astype(np.uint16))
    noise = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8))
    return noise.convert(mode)


def rgbd_folder(folder):
    """The video as images; answers the folder."""
    write_rgbd_folder(folder / "video", small_video())
    return folder / "video"


def with_depth(suffix, **options):
    """An RGB-D folder whose depth images are of another format; answers its first one."""

    def lay(folder):
        video = rgbd_folder(folder)
        for i, depth_mm in enumerate(small_video().depth_mm):
            (video / "depth" / f"{i:06d}.png").unlink()
            path = video / "depth" / f"{i:06d}{suffix}"
            if suffix == ".npy":
                np.save(path, depth_mm)
            else:
                Image.fromarray(depth_mm).save(path, **options)
        return video / "depth" / f"000000{suffix}"

    return lay


def with_camera(name):
    """An RGB-D folder whose camera is written so; answers that file."""

    def lay(folder):
        video = rgbd_folder(folder)
        (video / "cam_K.txt").unlink()
        (video / name).write_text(CAMERAS[name])
        return video / name

    return lay


def with_file(name, content):
    """A folder with this file alone; answers it."""

    def lay(folder):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / name

    return lay


def photo(suffix, mode="RGB", **options):
    """A folder with one photo; answers it."""

    def lay(folder):
        picture().save(folder / "first.png")
        with open_image(folder / "first.png"):
            pass  # HEIC is known to Pillow from here on.
        (folder / "first.png").unlink()
        picture(mode).save(folder / f"photo{suffix}", **options)
        return folder / f"photo{suffix}"

    return lay


def laid(lay, pattern):
    """A folder that ``lay`` fills; answers the file of this name in it."""

    def place(folder):
        lay(folder)
        return next(folder.glob(pattern))

    return place


def film(folder):
    """A film of colour beside a folder of depth; answers the film."""
    test_film.lay(folder)
    return folder / "colour.mp4"


def record3d(folder):
    """A recording of a phone; answers it."""
    return write_r3d(folder / "film.r3d")


def sens(folder):
    return write_sens(folder / "scan.sens")


def phone_film(folder):
    """Sharp noise that slides: few small frames."""
    rng = np.random.default_rng(2)
    wide = rng.integers(0, 256, (12, 40, 3)).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    frames = np.stack([wide[:, 6 * i : 6 * i + 64] for i in range(16)])
    return write_film(folder / "room.mp4", frames)


def depth_to_colour(folder):
    layouts.scannet(folder)
    (folder / "depth_to_color.txt").write_text("1 0 0 0.05\n0 1 0 0\n0 0 1 0\n0 0 0 1\n")
    return folder / "depth_to_color.txt"


def track(name, folder):
    """A track of three frames in the form of this name; answers the file."""
    T = np.tile(np.eye(4), (3, 1, 1))
    T[:, :3, 3] = [[0.01 * i, 0, 0.6] for i in range(3)]
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    bop = [(i, T[i, :3, :3].ravel().tolist(), (1000 * T[i, :3, 3]).tolist()) for i in range(3)]
    if name == "track.npy":
        np.save(path, T)
    elif name == "scene_gt.json":
        one = {str(i): [{"obj_id": 1, "cam_R_m2c": R, "cam_t_m2c": t}] for i, R, t in bop}
        path.write_text(json.dumps(one))
    elif name.endswith(".csv"):
        rows = [f"1,{i},1,1,{' '.join(map(str, R))},{' '.join(map(str, t))},-1" for i, R, t in bop]
        path.write_text("\n".join(["scene_id,im_id,obj_id,score,R,t,time", *rows]))
    elif name == "trajectory.txt":
        np.savetxt(path, [[i / 15, *T[i, :3, 3], 0, 0, 0, 1] for i in range(3)])
    else:
        for i in range(3):
            np.savetxt(path.parent / f"{i:06d}.txt", T[i])
    return path


def times(folder):
    """An RGB-D folder; answers its file of times."""
    return rgbd_folder(folder) / "timestamps.txt"


def capture(folder):
    """A whole capture; answers its ``capture.yaml``."""
    rgbd_folder(folder)
    (folder / "object").mkdir()
    textured("obj")(folder / "object")
    (folder / "photos").mkdir()
    picture().save(folder / "photos" / "0.png")
    (folder / "capture.yaml").write_text(yaml.safe_dump(CAPTURE, sort_keys=False))
    return folder / "capture.yaml"


def coloured(suffix, **options):
    """A box with coloured vertices; answers its file."""

    def lay(folder):
        # 3MF is in millimetres.
        box = trimesh.creation.box(np.array((100, 80, 60)) / (1 if suffix == "3mf" else 1000))
        box.visual.vertex_colors = np.random.default_rng(2).integers(0, 255, (8, 3))
        box.export(folder / f"mesh.{suffix}", **options)
        return folder / f"mesh.{suffix}"

    return lay


def textured(suffix, spoilt=""):
    """A box with a texture, in one file or several; answers the mesh or the file called so."""

    def lay(folder):
        box = trimesh.creation.box((0.1, 0.08, 0.06))
        material = trimesh.visual.material.SimpleMaterial(image=picture())
        if suffix in ("glb", "gltf"):
            material = trimesh.visual.material.PBRMaterial(baseColorTexture=picture())
        uv = np.random.default_rng(3).random((8, 2))
        box.visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
        box.export(folder / f"mesh.{suffix}")
        return folder / (spoilt or f"mesh.{suffix}")

    return lay


def realsense(suffix):
    """A recording of librealsense; answers it."""

    def lay(folder):
        write = write_realsense if suffix == ".db3" else write_realsense_bag
        write(folder / f"recording{suffix}", small_video())
        return folder / f"recording{suffix}"

    return lay


@dataclass(frozen=True)
class Bag:
    """A bag of a ROS node; its messages can be spoilt before they are packed."""

    kind: str
    compressed: bool = False

    def __call__(self, folder):
        """Answers the file that is read."""
        return self._write(folder, lambda _, raw: raw)

    def spoilt_inside(self, folder, mutate, rng):
        """The bytes of a sound bag with one spoilt message."""
        left = int(rng.integers(8))

        def spoil(topic, raw):
            nonlocal left
            left -= 1
            # What comes before the pixels says what they are.
            return raw if left else mutate(raw[:160], rng) + raw[160:]

        return self._write(folder, spoil).read_bytes()

    def _write(self, folder, spoil):
        place = folder / "bag"
        place.mkdir(exist_ok=True)
        return self._filled().save(place, spoil)

    @cache  # noqa: B019 there are four
    def _filled(self):
        bag, video = BagWriter(self.kind), small_video()
        if not self.compressed:
            bag.film(video)
        else:
            wh = video.rgb.shape[2], video.rgb.shape[1]
            for name in ("color", "aligned_depth_to_color"):
                bag.camera_info(f"/camera/{name}/camera_info", K, wh)
            for t, rgb, mm in zip(video.timestamps_s, video.rgb, video.depth_mm, strict=True):
                colour, depth = io.BytesIO(), io.BytesIO()
                Image.fromarray(rgb).save(colour, "JPEG")
                Image.fromarray(mm).save(depth, "PNG")
                at = "/camera/color/image_raw/compressed"
                bag.compressed(at, 10 + t, colour.getvalue(), "rgb8; jpeg compressed bgr8")
                at = "/camera/aligned_depth_to_color/image_raw/compressedDepth"
                bag.compressed(at, 10 + t, bytes(12) + depth.getvalue(), "16UC1; compressedDepth")
        return bag


def metadata(folder):
    """A ROS 2 folder; answers its ``metadata.yaml``."""
    bag = BagWriter("ros2")
    bag.film(small_video())
    return bag.save(folder) / "metadata.yaml"


def matrix(folder):
    """A pose as NumPy saves it."""
    np.save(folder / "cam.npy", np.array([[1, 0, 0, 0.5], [0, -1, 0, 0], [0, 0, -1, 0.9]]))
    return folder / "cam.npy"


def truth(folder):
    """A ``truth.npz``."""
    path = folder / "truth.npz"
    np.savez(path, T_world_object=np.tile(np.eye(4), (3, 1, 1)), photo_K=K)
    return path


WORLD = WorldSpec(name="hall").model_dump_json()
POSES = "".join(
    json.dumps(
        {
            "frame": i,
            "T_cam_object": [[0, -1, 0, i / 9], [1, 0, 0, 0], [0, 0, 1, 0.5], [0, 0, 0, 1]],
        }
    )
    + "\n"
    for i in range(3)
)
MESSAGE = json.dumps({"Records": [{
    "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "films"}, "object": {"key": "inbox/one/capture.yaml"}},
}]})  # fmt: skip
NAMES = "".join(f"rgb/{i:06d}.png\ndepth/{i:06d}.png\n" for i in range(4))
SETS = "ppo.num_env_steps=2000\ntask.horizon=50\ndiffusion.optim.num_steps=40\n"
ENVIRONMENT = (
    "XSIM_DEVICE=cpu\nXSIM_WORKERS=2\nXSIM_STAGE_TIMEOUT_S=3600,ppo=7200\nXSIM_POOLS=ppo=gpu\n"
    "XSIM_RENDER_SHARDS=2\nXSIM_TASK_RUNNER=dask=tcp://scheduler:8786\nXSIM_STAGE_PROCESSES=1\n"
)
