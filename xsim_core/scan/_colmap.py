"""Structure from motion with pycolmap, in a process of its own.

Run as ``python -m xsim_core.scan._colmap WORKDIR``: glog's crash handler can dead-lock the process,
and importing pycolmap before cv2 breaks PNG writing, so the parent never imports it. Features and
matches stay in ``WORKDIR/database.db``, from which an interrupted run continues. The number of
mapped photos goes to ``WORKDIR/mapped.txt``, the largest model to ``WORKDIR/model.npz``. Where
``WORKDIR/poses.npy`` holds the photos' poses, these are kept and only points are triangulated.
"""

import json
import sys
from pathlib import Path
from typing import Any

import cv2  # noqa: F401  # pyright: ignore[reportUnusedImport]  Must be imported before pycolmap.
import numpy as np
import pycolmap

from xsim_core.geometry import matrix_to_quat_wxyz
from xsim_core.scratch import drafted, write_arrays, write_text

from .sfm import MAPPED_FILE, POSES_FILE


def main(workdir: Path) -> None:
    """Extract, match, map, and write the largest model."""
    settings = json.loads((workdir / "settings.json").read_text())
    pycolmap.logging.minloglevel = pycolmap.logging.Level.ERROR.value
    pycolmap.set_random_seed(settings["seed"])
    database = workdir / "database.db"
    _extract(database, workdir / "photos", settings)
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = settings["num_threads"]
    verification = pycolmap.TwoViewGeometryOptions()
    # A seed for every pair: threads draw from streams of their own and take what comes next.
    verification.ransac.random_seed = settings["seed"]
    pycolmap.match_exhaustive(
        database, matching_options=matching, verification_options=verification
    )
    if (workdir / POSES_FILE).exists():
        models = [_triangulate(database, workdir, settings)]
    else:
        models = _map(database, workdir, settings)
    if models:
        write_arrays(workdir / "model.npz", _model_arrays(max(models, key=_num_images)))


def _num_images(model: Any) -> int:
    return model.num_reg_images()


def _extract(database: Path, photos: Path, settings: dict[str, Any]) -> None:
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "SIMPLE_RADIAL"
    if settings["camera_params"]:
        reader.camera_model = "PINHOLE"
        reader.camera_params = ",".join(str(p) for p in settings["camera_params"])
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = settings["num_threads"]
    options.sift.max_num_features = settings["max_num_features"]
    # The up-sampled octave costs four times the rest and adds unstable points on sharp photos.
    options.sift.first_octave = 0
    if not database.exists():
        _register(database, photos, reader)
    pycolmap.extract_features(
        database,
        photos,
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=reader,
        extraction_options=options,
    )


def _register(database: Path, photos: Path, reader: Any) -> None:
    """Number the photos by their names; left alone, by which thread finishes first."""
    with drafted(database) as draft:
        pycolmap.Database.open(draft).close()
        pycolmap.import_images(
            draft,
            photos,
            camera_mode=pycolmap.CameraMode.SINGLE,
            options=reader,
            image_names=sorted(p.name for p in photos.glob("*.png")),
        )


def _map(database: Path, workdir: Path, settings: dict[str, Any]) -> list[Any]:
    options = pycolmap.IncrementalPipelineOptions()
    options.random_seed = settings["seed"]
    # Sums over several threads round by their order, and mapping amplifies it to another model.
    options.num_threads = 1
    options.min_model_size = 3
    # A tiny degenerate model often comes first: keep all of them, the caller takes the largest.
    options.multiple_models = True
    known = bool(settings["camera_params"])
    options.ba_refine_focal_length = options.ba_refine_extra_params = not known
    output = workdir / "models"
    output.mkdir(exist_ok=True)
    mapped = 2

    def count_one() -> None:
        nonlocal mapped
        mapped += 1
        write_text(workdir / MAPPED_FILE, str(mapped))

    found = pycolmap.incremental_mapping(
        database, workdir / "photos", output, options=options, next_image_callback=count_one
    )
    return list(found.values())


def _triangulate(database: Path, workdir: Path, settings: dict[str, Any]) -> Any:
    """A model whose poses are those that are known: only points are found."""
    T_cam_sfm, posed = np.load(workdir / POSES_FILE, allow_pickle=False), workdir / "posed"
    posed.mkdir(exist_ok=True)
    with pycolmap.Database.open(database) as stored:
        images = sorted(stored.read_all_images(), key=lambda image: image.name)
        camera = stored.read_all_cameras()[0]
    params = " ".join(map(repr, settings["camera_params"]))
    size = f"{camera.width} {camera.height}"
    (posed / "cameras.txt").write_text(f"{camera.camera_id} PINHOLE {size} {params}\n")
    lines: list[str] = []
    for image, T in zip(images, T_cam_sfm, strict=True):
        pose = [*matrix_to_quat_wxyz(T[:3, :3]).tolist(), *T[:3, 3].tolist()]
        lines += [f"{image.image_id} {' '.join(map(repr, pose))} {camera.camera_id} {image.name}"]
        lines += [""]  # The points that it shows.
    (posed / "images.txt").write_text("\n".join(lines) + "\n")
    (posed / "points3D.txt").write_text("")
    options = pycolmap.IncrementalPipelineOptions()
    options.random_seed, options.num_threads = settings["seed"], 1
    output = workdir / "models"
    output.mkdir(exist_ok=True)
    return pycolmap.triangulate_points(
        pycolmap.Reconstruction(posed), database, workdir / "photos", output, options=options
    )


def _model_arrays(model: Any) -> dict[str, Any]:
    images = sorted((i for i in model.images.values() if i.has_pose), key=lambda i: i.name)
    T_cam_sfm = np.stack([np.vstack([i.cam_from_world().matrix(), [0, 0, 0, 1]]) for i in images])
    camera = next(iter(model.cameras.values()))
    K = np.asarray(camera.calibration_matrix(), dtype=np.float64)
    # COLMAP puts pixel centres at half-integers, we at integers.
    K[:2, 2] -= 0.5
    radial = camera.params[3] if camera.model == pycolmap.CameraModelId.SIMPLE_RADIAL else 0.0
    points = [p for p in model.points3D.values() if p.track.length() >= 3]
    return {
        "photo_index": np.array([int(Path(i.name).stem) for i in images], dtype=np.int64),
        "T_cam_sfm": T_cam_sfm,
        "K": K,
        "radial": np.array(radial),
        "points_sfm": np.array([p.xyz for p in points]).reshape(-1, 3),
        "points_rgb": np.array([p.color for p in points], dtype=np.uint8).reshape(-1, 3),
        "reprojection_error_px": np.array(model.compute_mean_reprojection_error()),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
