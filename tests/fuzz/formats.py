"""Every reader of what people bring, with a sound example and how it is spoilt and judged."""

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flows.cli.arguments import parse_overrides
from flows.inbox.webhook import captures_in
from tasks.environment import read_environment
from tests.capture.readers.camera_paths.paths import FORMS, written
from tests.capture.readers.folders import layouts, test_two_cameras
from xsim_core.capture.hand_eye.robot_poses import both_directions, read_robot_poses
from xsim_core.capture.identity import IngestConfig
from xsim_core.capture.layout import read_capture_file
from xsim_core.capture.place.matrix_file import read_matrix
from xsim_core.capture.place.resolve import stated_board
from xsim_core.capture.place.rigid import stated_pose
from xsim_core.capture.place.spec import CameraSpec, TagsSpec
from xsim_core.capture.place.tag_layout import tag_board
from xsim_core.capture.readers import read_mesh, read_photos, read_video_and_unit
from xsim_core.capture.readers.camera_paths.of_film import read_camera_path
from xsim_core.capture.readers.folders.first_box import first_boxes
from xsim_core.capture.readers.synthesised import read_truth, read_world_spec
from xsim_core.capture.readers.tracks.of_film import read_track
from xsim_core.capture.readers.tracks.spec import TrackSpec
from xsim_core.errors import BadInputError
from xsim_core.geometry import board_fault
from xsim_core.pose_track._foundationpose import read_answer
from xsim_core.presets import pipeline_config
from xsim_core.storage.object_store.address import canonical_url
from xsim_core.world import spec_from_json

from . import mutations as m, places as p
from .demonstrations import DEMONSTRATIONS
from .format import Format
from .reconstructions import RECONSTRUCTIONS


def _is_sound_video(video, unit):
    t, h, w, _ = video.rgb.shape
    assert video.rgb.dtype == np.uint8
    assert (video.depth_mm.dtype, video.depth_mm.shape) == (np.uint16, (t, h, w))
    assert np.isfinite(video.timestamps_s).all()
    assert (np.diff(video.timestamps_s) > 0).all()
    assert np.isfinite(video.K).all()
    assert (np.diag(video.K) > 0).all()
    assert unit.metres > 0


def _video(source_of):
    def read(path):
        _is_sound_video(*read_video_and_unit(source_of(path), []))

    return read


def _mesh(path):
    found = next(p for p in path.parent.iterdir() if p.stem == "mesh" and p.suffix in _MESHES)
    mesh = read_mesh(found, [])
    assert mesh.vertices.shape == (len(mesh.vertices), 3)
    assert np.isfinite(mesh.vertices).all()
    assert np.isfinite(mesh.uv).all()
    assert 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices)
    assert mesh.texture.dtype == np.uint8
    assert mesh.texture.ndim == 3


def _photos(path):
    photos = read_photos(path.parent, [])
    assert (photos.dtype, photos.ndim, photos.shape[-1]) == (np.uint8, 4, 3)


def _capture(path):
    IngestConfig.from_folder(path.parent)
    file = read_capture_file(path.parent, [])
    board = stated_board(file, path.parent, [])
    assert board is None or np.isfinite(np.array(board.T_world_board)).all()


def _matrix(path):
    numbers = read_matrix(path, [])
    T = stated_pose(numbers, CameraSpec(matrix=path.name), path.name, [])
    assert np.isfinite(T).all()
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-9)


def _robot_poses(path):
    pictures = [path.parent / f"{k}.png" for k in range(3)]
    for poses in both_directions(read_robot_poses(pictures, path.parent, [])).values():
        T = np.stack(list(poses.values()))
        assert T.shape == (3, 4, 4)
        np.testing.assert_allclose(T[:, :3, :3] @ T[:, :3, :3].mT, 3 * [np.eye(3)], atol=1e-9)
        assert np.isfinite(T).all()


def _tags(path):
    board = tag_board(TagsSpec(size_m=0.05, layout=path.name), path.parent, [])
    if fault := board_fault(board):
        raise BadInputError(fault)
    assert np.isfinite(board.corners_board).all()


def _names(path):
    """Images whose names are the lines of the file."""
    video = path.parent / "named"
    for folder in ("rgb", "depth"):
        (video / folder).mkdir(parents=True, exist_ok=True)
        for old in (video / folder).iterdir():
            old.unlink()
    for line in path.read_text(errors="surrogateescape").splitlines():
        kind, _, name = line.partition("/")
        source = path.parent / "video" / ("depth" if kind == "depth" else "rgb") / "000000.png"
        if 0 < len(name.encode(errors="surrogateescape")) < 200:
            target = video / source.parent.name / name.replace("/", "_").replace("\0", "_")
            if target.name not in (".", "..") and not target.exists():
                target.hardlink_to(source)
    if not (video / "cam_K.txt").exists():
        (video / "cam_K.txt").hardlink_to(path.parent / "video" / "cam_K.txt")
    _is_sound_video(*read_video_and_unit(video, []))


def _track(path):
    source = path.parent if path.parent.name == "poses" else path
    track = read_track(source, TrackSpec(file=source.name), p.small_video(), [])
    T = track.T_frame_object
    assert (T.shape, track.has_pose.shape) == ((3, 4, 4), (3,))
    np.testing.assert_allclose(
        T[:, :3, :3] @ np.swapaxes(T[:, :3, :3], 1, 2), np.tile(np.eye(3), (3, 1, 1)), atol=1e-6
    )
    assert (np.linalg.norm(T[:, :3, 3], axis=1) < 1e9).all()


def _path(path):
    source = path.parent if path.parent.name in ("pose", "cam") else path
    found = read_camera_path(source, p.small_video(), [])
    T = found.poses("world_to_camera", "opengl", found.about.unit_m or 1.0)
    assert (T.shape, found.has_pose.shape) == ((3, 4, 4), (3,))
    np.testing.assert_allclose(
        T[:, :3, :3] @ np.swapaxes(T[:, :3, :3], 1, 2), np.tile(np.eye(3), (3, 1, 1)), atol=1e-6
    )
    assert np.isfinite(T).all()


def _boxes(path):
    for box in first_boxes(path.parent):
        assert box.frame >= 0
        assert np.isfinite(box.box_xyxy).all()
        assert box.box_xyxy[0] < box.box_xyxy[2]
        assert box.box_xyxy[1] < box.box_xyxy[3]


def _boxes_of_masks(path):
    _boxes(path.parent)


def _lay_names(folder):
    p.rgbd_folder(folder)
    return p.with_file("names.txt", p.NAMES)(folder)


def _sets(path):
    texts = path.read_text(errors="surrogateescape").splitlines()
    pipeline_config("debug", overrides=parse_overrides(tuple(texts)))


def _environment(path):
    lines = path.read_text(errors="surrogateescape").splitlines()
    given = dict(line.partition("=")[::2] for line in lines)
    before = dict(os.environ)
    try:
        os.environ.update({k: v for k, v in given.items() if k and "\0" not in k + v})
        read_environment()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _world(path):
    spec, _ = read_world_spec(path)
    spec_from_json(spec.tobytes(), str(path))


_MESHES = (".obj", ".ply", ".glb", ".gltf", ".stl", ".off", ".3mf")
_of_rgbd = _video(lambda path: path.parent)
_of_images = _video(lambda path: path.parents[1])
_of_file = _video(lambda path: path)


def _bag(kind, *, compressed=False, share=0.6):
    bag = p.Bag(kind, compressed)

    def structure(_data, rng):
        with TemporaryDirectory() as place:
            return bag.spoilt_inside(Path(place), m.in_bytes, rng)

    return Format(bag, _of_file, structure, share)


def _of_phone(name):
    return m.in_json if name == "metadata" else m.in_bytes


def _of_parcel(name):
    return m.in_npy if name.endswith(".npy") else m.in_words


def _of_path(name):
    if name.endswith(".r3d"):
        return m.in_zip(_of_phone)
    return {"json": m.in_json, "npy": m.in_npy}.get(name.rpartition(".")[2], m.in_words)


FORMATS = {
    **{
        f"photo {name}": Format(p.photo(suffix, **options), _photos, how)
        for name, suffix, options, how in (
            ("png", ".png", {}, m.in_png),
            ("png, palette", ".png", {"mode": "P"}, m.in_png),
            ("png, 16-bit grey", ".png", {"mode": "I;16"}, m.in_png),
            ("jpeg", ".jpg", {}, m.in_bytes),
            ("jpeg, progressive", ".jpeg", {"progressive": True}, m.in_bytes),
            ("heic", ".heic", {}, m.in_bytes),
            ("avif", ".avif", {}, m.in_bytes),
            ("webp", ".webp", {}, m.in_bytes),
            ("tiff", ".tif", {}, m.in_bytes),
            ("tiff, lzw", ".tiff", {"compression": "tiff_lzw"}, m.in_bytes),
            ("tiff, jpeg", ".tif", {"compression": "jpeg"}, m.in_bytes),
            ("bmp", ".bmp", {}, m.in_bytes),
            ("ppm", ".ppm", {}, m.in_bytes),
        )
    },
    "photos of a film": Format(p.phone_film, read_photos, share=0.3),
    "depth png": Format(p.with_depth(".png"), _of_images, m.in_png),
    "depth tiff": Format(p.with_depth(".tif"), _of_images),
    "depth pgm": Format(p.with_depth(".pgm"), _of_images, m.in_words),
    "depth npy": Format(p.with_depth(".npy"), _of_images, m.in_npy),
    **{f"camera {name}": Format(p.with_camera(name), _of_rgbd, m.in_words) for name in p.CAMERAS},
    "camera values": Format(p.with_camera("cam_K.json"), _of_rgbd, m.in_json),
    "camera values, yaml": Format(p.with_camera("camera.yaml"), _of_rgbd, m.in_yaml),
    "times": Format(p.times, _of_rgbd, m.in_words),
    "list of tum": Format(p.laid(layouts.tum, "rgb.txt"), _of_rgbd, m.in_words),
    "camera of open3d": Format(
        p.laid(partial(layouts.open3d, depth_scale=1000), "camera_intrinsic.json"),
        _of_rgbd,
        m.in_json,
    ),
    "cameras of a bop scene": Format(p.laid(layouts.bop, "scene_camera.json"), _of_rgbd, m.in_json),
    "boxes of a bop scene": Format(p.laid(layouts.bop, "scene_gt_info.json"), _boxes, m.in_json),
    "mask": Format(p.laid(layouts.foundationpose, "masks/*.png"), _boxes_of_masks, m.in_png),
    "film beside depth": Format(p.film, _of_rgbd, share=0.6),
    "camera of scannet's depth": Format(
        p.laid(layouts.scannet, "intrinsic/intrinsic_depth.txt"), _of_images, m.in_words
    ),
    "place of scannet's colour": Format(
        p.laid(layouts.scannet, "intrinsic/extrinsic_color.txt"), _of_images, m.in_words
    ),
    "camera of stray scanner": Format(
        p.laid(test_two_cameras.stray, "camera_matrix.csv"), _of_rgbd, m.in_words, 0.6
    ),
    "confidence of stray scanner": Format(
        p.laid(test_two_cameras.stray, "confidence/000001.png"), _of_images, m.in_png, 0.6
    ),
    "record3d": Format(p.record3d, _of_file, m.in_zip(_of_phone)),
    "scannet recording": Format(p.sens, _of_file, share=0.4),
    "place of a depth camera": Format(p.depth_to_colour, _of_rgbd, m.in_words),
    "names of images": Format(_lay_names, _names, m.in_words),
    **{
        f"camera's pose {name.partition('.')[2]}": Format(p.with_file(name, text), _matrix, how)
        for (name, text), how in zip(
            p.MATRICES.items(), (m.in_words, m.in_json, m.in_yaml, m.in_yaml), strict=True
        )
    },
    "camera's pose npy": Format(p.matrix, _matrix, m.in_npy),
    **{
        f"robot's poses, {kind}": Format(p.with_file("poses.txt", text), _robot_poses, m.in_words)
        for kind, text in p.ROBOT_POSES.items()
    },
    "places of tags": Format(p.with_file("tags.json", p.TAGS), _tags, m.in_json),
    "capture.yaml": Format(p.capture, _capture, m.in_words),
    "capture.yaml values": Format(p.capture, _capture, m.in_yaml),
    "task": Format(
        p.with_file("task.yaml", p.yaml.safe_dump(p.TASK)),
        lambda path: pipeline_config("debug", task=str(path)),
        m.in_words,
    ),
    "task values": Format(
        p.with_file("task.yaml", p.yaml.safe_dump(p.TASK)),
        lambda path: pipeline_config("debug", task=str(path)),
        m.in_yaml,
    ),
    **{
        f"mesh {s}": Format(p.coloured(s), _mesh, how)
        for s, how in (
            ("ply", m.in_bytes),
            ("obj", m.in_words),
            ("glb", m.in_glb),
            ("off", m.in_words),
            ("stl", m.in_bytes),
            ("3mf", m.in_zip(lambda _: m.in_words)),
        )
    },
    "mesh ply, text": Format(p.coloured("ply", encoding="ascii"), _mesh, m.in_words),
    "mesh stl, text": Format(p.coloured("stl", file_type="stl_ascii"), _mesh, m.in_words),
    "mesh obj, textured": Format(p.textured("obj"), _mesh, m.in_words),
    "mesh mtl": Format(p.textured("obj", "material.mtl"), _mesh, m.in_words),
    "mesh texture": Format(p.textured("obj", "material_0.png"), _mesh, m.in_png),
    "mesh glb, textured": Format(p.textured("glb"), _mesh, m.in_glb),
    "mesh gltf": Format(p.textured("gltf"), _mesh, m.in_json),
    "realsense db3": Format(p.realsense(".db3"), _of_file, m.in_sqlite, 0.6),
    "realsense bag": Format(p.realsense(".bag"), _of_file),
    "ros 1 bag": _bag("ros1"),
    "ros 1 bag, compressed images": _bag("ros1", compressed=True),
    "ros 2 mcap": _bag("ros2 mcap file"),
    "ros 2 db3": Format(p.Bag("ros2 file"), _of_file, m.in_sqlite, 0.6),
    "ros 2 db3, messages": _bag("ros2 file", compressed=True),
    "ros 2 metadata": Format(p.metadata, _of_rgbd, m.in_words),
    "truth": Format(p.truth, read_truth, m.in_zip(_of_parcel)),
    "world": Format(p.with_file("world.json", p.WORLD), _world, m.in_json),
    **{
        f"track {name}": Format(partial(p.track, name), _track, how)
        for name, how in (
            ("poses/000001.txt", m.in_words),
            ("scene_gt.json", m.in_json),
            ("a_b-test.csv", m.in_words),
            ("trajectory.txt", m.in_words),
            ("track.npy", m.in_npy),
        )
    },
    **{
        f"camera's path {name}": Format(
            lambda folder, name=name: written(folder, name)[0], _path, _of_path(name), 0.5
        )
        for name in FORMS
    },
    "poses of another program": Format(
        p.with_file("poses.jsonl", p.POSES),
        lambda path: read_answer(path.parent, range(3)),
        m.in_words,
    ),
    "message of a bucket": Format(
        p.with_file("message.json", p.MESSAGE),
        lambda path: captures_in(path.read_bytes()),
        m.in_json,
    ),
    "--set": Format(p.with_file("sets.txt", p.SETS), _sets, m.in_words),
    "environment": Format(p.with_file("environment.txt", p.ENVIRONMENT), _environment, m.in_words),
    "store address": Format(
        p.with_file("url.txt", "s3://films/inbox"),
        lambda path: canonical_url(path.read_text(errors="surrogateescape")),
        m.in_words,
    ),
    **RECONSTRUCTIONS,
    **DEMONSTRATIONS,
}
