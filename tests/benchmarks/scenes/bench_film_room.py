"""The room from photos and from the film alone, each against the truth (no GPU; minutes a seed).

    python -m tests.benchmarks.scenes.bench_film_room FOLDER OUT.json [SEED | SEED:film …]

Synthesises the demo capture of each seed below FOLDER (unless it lies there), runs ingest, scan and
splat on it and on a copy that has no photos, and compares both with renders of the empty room;
``1:film`` tries the copy alone.
"""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml
from scipy.spatial import cKDTree

from xsim_core.capture import IngestConfig, SynthesizeConfig, synthesize_capture, truth_folder
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import inverse_se3, look_at, transform_points
from xsim_core.presets import pipeline_config
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.scratch import write_text
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, SCAN, SPLAT
from xsim_core.storage import ArtifactStore, Runtime

WIDTH, HEIGHT = 160, 120
OFFSETS_M = (0.0, 0.02, 0.05, 0.10, 0.20)


def captures(folder, seed):
    """The demo's capture of a seed, and one without its photos."""
    whole, bare = folder / f"demo{seed}", folder / f"film{seed}"
    if not whole.exists():
        synthesize_capture(whole, SynthesizeConfig(seed=seed))
    if not bare.exists():
        shutil.copytree(whole, bare, ignore=shutil.ignore_patterns("photos", "*.db3"))
        path = bare / "capture.yaml"
        told = yaml.safe_load(path.read_text()) | {"room": "film", "video": "video"}
        path.write_text(yaml.safe_dump(told))
        shutil.copytree(truth_folder(whole), truth_folder(bare))
    return {"photos": whole, "film": bare}


def surface(studio):
    """Points (p, 3) of the room's true surface, seen from all sides, with about 2 mm between."""
    camera, points = studio.video_camera, []
    ring = [
        look_at([0.5 + 0.8 * np.cos(a), 0.8 * np.sin(a), 0.2 + 0.5 * (k % 2)], [0.5, 0, 0])
        for k, a in enumerate(np.linspace(0, 2 * np.pi, 12, endpoint=False))
    ]
    for T in [studio.T_world_cam, *ring]:
        depth_m = studio.scene.render(camera, T).depth_m
        world = transform_points(T, camera.unproject(depth_m)[depth_m > 0])
        points.append(world[(np.abs(world - [0.5, 0, 0.2]) < [0.8, 0.9, 0.4]).all(1)])
    return np.concatenate(points)


def near(T_world_cam, offset_m):
    """Poses beside a camera, left, right, up and down, that look where it looks."""
    target = T_world_cam[:3, 3] + T_world_cam[:3, 2] * 0.8
    ways = [T_world_cam[:3, 0], -T_world_cam[:3, 0], T_world_cam[:3, 1], -T_world_cam[:3, 1]]
    if offset_m == 0:
        return [T_world_cam]
    return [look_at(T_world_cam[:3, 3] + offset_m * way, target) for way in ways]


def psnr_db(scene, studio, offset_m):
    """Mean over the poses of the room rendered from the splat, against its true picture."""
    camera, gaussians = studio.video_camera.resized(WIDTH, HEIGHT), Gaussians2D.from_scene(scene)
    found = []
    for T in near(studio.T_world_cam, offset_m):
        # Shrunk as the stage shrinks photos.
        whole = studio.scene.render(studio.video_camera, T).rgb
        true = cv2.resize(whole, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) / 255
        out = render_numpy(
            gaussians, inverse_se3(T), camera.K, WIDTH, HEIGHT, scene.array("background_rgb")
        )
        found.append(-10 * np.log10(((np.clip(out.rgb, 0, 1) - true) ** 2).mean()))
    return round(float(np.mean(found)), 2)


def in_view(studio, vertices):
    camera = studio.video_camera
    uv = camera.project(transform_points(inverse_se3(studio.T_world_cam), vertices))
    with np.errstate(invalid="ignore"):
        return ((uv >= 0) & (uv < (camera.width - 1, camera.height - 1))).all(1)


def figures(capture, store, studio, tree):
    """What came out of one capture."""
    config, runtime = pipeline_config("demo"), Runtime(num_workers=2)
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(capture), store, {})
    images = run_stage(SCAN, config.scan, store, {"capture": ref}, runtime=runtime)
    scene = store.open(run_stage(SPLAT, config.splat, store, {"images": images}, runtime=runtime))
    vertices = scene.array("mesh/vertices")
    seen = in_view(studio, vertices)
    error_mm = 1000 * tree.query(vertices)[0]
    return {
        "table_height_mm": round(1000 * scene.summary.table_height_m, 2),
        "table_tilt_deg": round(float(np.degrees(scene.summary.table_tilt_rad)), 3),
        "mesh_mean_mm": round(float(error_mm.mean()), 2),
        "mesh_p95_mm": round(float(np.quantile(error_mm, 0.95)), 2),
        "mesh_in_view_mean_mm": round(float(error_mm[seen].mean()), 2),
        "mesh_in_view_p95_mm": round(float(np.quantile(error_mm[seen], 0.95)), 2),
        "mesh_vertices": len(vertices),
        "psnr_db_held_out": scene.summary.psnr_db,
        "psnr_db_beside_film_camera": {
            f"{100 * d:.0f} cm": psnr_db(scene, studio, d) for d in OFFSETS_M
        },
    }


def main(folder, out, seeds):
    """Both rooms of every seed."""
    store = ArtifactStore((folder / "store").as_uri())
    made = {}
    for seed, only in ((int(s.split(":")[0]), s.partition(":")[2]) for s in seeds):
        studio = Studio(SynthesizeConfig(seed=seed), lambda *_: None)
        tree = cKDTree(surface(studio))
        made[f"seed {seed}"] = {
            source: figures(capture, store, studio, tree)
            for source, capture in captures(folder, seed).items()
            if only in ("", source)
        }
        print(json.dumps(made, indent=1), flush=True)
    write_text(out, json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or ["0"])
