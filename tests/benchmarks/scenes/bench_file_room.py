"""A room that was exported and comes back as a file, against photos and truth (no GPU; minutes).

    python -m tests.benchmarks.scenes.bench_file_room CAPTURE HOME RUN FOLDER OUT.json [KIND …]

KINDs are 3dgs, 2dgs and glb, all of them unless told.

Exports the room of a finished run on a synthesised capture, makes captures without photos that
bring it as their room, takes each through ingest, scan, splat and build_sim, and holds it against
the photos that the run itself held out, and against the room's true surface.
"""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml
from scipy.spatial import cKDTree

from tests.benchmarks.scenes.bench_film_room import in_view, surface
from xsim_core.api import export
from xsim_core.artifacts import PosedImages, SplatScene
from xsim_core.capture import IngestConfig, SynthesizeConfig, truth_folder
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import inverse_se3
from xsim_core.presets import pipeline_config
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.runs import load_record
from xsim_core.scratch import write_text
from xsim_core.stage import run_stage
from xsim_core.stages import BUILD_SIM, INGEST_CAPTURE, SCAN, SPLAT
from xsim_core.storage import ArtifactStore, Runtime

Y_UP = [[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
"""glTF's axes as ours."""


def capture_with(whole, folder, room):
    """A copy of a capture that brings a room in place of its photos."""
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("photos"))
    suffix = room.suffix
    shutil.copy(room, folder / f"room{suffix}")
    told = yaml.safe_load((folder / "capture.yaml").read_text())
    told.pop("photos", None)
    told["room"] = {"file": f"room{suffix}"} | ({"T_world_room": Y_UP} if suffix == ".glb" else {})
    (folder / "capture.yaml").write_text(yaml.safe_dump(told))
    shutil.copytree(truth_folder(whole), truth_folder(folder))
    return folder


def held_out_psnr_db(scene, images, width):
    """Mean over the photos that were held out, each shrunk as the stage shrinks them."""
    photos, T = images.array("images"), images.array("T_world_cam")
    height = round(photos.shape[1] * width / photos.shape[2])
    K = images.array("K").copy()
    K[:2] *= width / photos.shape[2]
    gaussians, found = Gaussians2D.from_scene(scene), []
    for k in np.flatnonzero(images.array("is_held_out")):
        true = cv2.resize(photos[k], (width, height), interpolation=cv2.INTER_AREA) / 255
        background = scene.array("background_rgb")
        seen = render_numpy(gaussians, inverse_se3(T[k]), K, width, height, background)
        found.append(-10 * np.log10(((np.clip(seen.rgb, 0, 1) - true) ** 2).mean()))
    return round(float(np.mean(found)), 2)


def figures(scene, images, studio, tree, width):
    """Of one room."""
    vertices = scene.array("mesh/vertices")
    error_mm, seen = 1000 * tree.query(vertices)[0], in_view(studio, vertices)
    return {
        "table_height_mm": round(1000 * scene.summary.table_height_m, 2),
        "table_tilt_deg": round(float(np.degrees(scene.summary.table_tilt_rad)), 3),
        "mesh_mean_mm": round(float(error_mm.mean()), 2),
        "mesh_p95_mm": round(float(np.quantile(error_mm, 0.95)), 2),
        "mesh_in_view_mean_mm": round(float(error_mm[seen].mean()), 2),
        "mesh_in_view_p95_mm": round(float(np.quantile(error_mm[seen], 0.95)), 2),
        "obstacles": len(scene.array("collision/piece_ends")),
        "psnr_db_of_its_own_pictures": round(scene.summary.psnr_db, 2),
        "psnr_db_of_held_out_photos": held_out_psnr_db(scene, images, width),
    }


def main(whole, home, run, folder, out, formats):
    """The run's own room, and each file of it."""
    store, runtime = ArtifactStore((home / "store").as_uri()), Runtime(num_workers=1)
    made, config = load_record(store, run).stages, pipeline_config("demo")
    stamp = json.loads(truth_folder(whole).with_name(f"{whole.name}.synthesized.json").read_text())
    studio = Studio(SynthesizeConfig.model_validate(stamp), lambda *_: None)
    tree = cKDTree(surface(studio))
    images = store.open(made["scan"], PosedImages)
    args = images, studio, tree, config.splat.image_width
    found = json.loads(out.read_text()) if out.exists() else {}
    found["photos"] = figures(store.open(made["splat"], SplatScene), *args)
    for name in formats:
        export(made["splat"], to=name, out=folder / name, store=store)
        room = next(p for p in (folder / name).iterdir() if p.suffix in (".ply", ".glb"))
        capture = capture_with(whole, folder / f"capture-{name}", room)
        ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(capture), store, {})
        scan = run_stage(SCAN, config.scan, store, {"capture": ref}, runtime=runtime)
        scene = run_stage(SPLAT, config.splat, store, {"images": scan}, runtime=runtime)
        inputs = {"scene": scene, "track": made["pose_track"]}
        world = store.open(run_stage(BUILD_SIM, config.build_sim, store, inputs)).summary
        before = store.open(made["build_sim"]).summary
        found[name] = figures(store.open(scene, SplatScene), *args) | {
            "notes": [*store.open(ref).notes, *store.open(scan).notes],
            "path_length_apart_mm": round(1000 * (world.path_length_m - before.path_length_m), 3),
            "seconds": {
                stage: round(store.manifest(r).provenance["duration_s"], 1)
                for stage, r in (("ingest", ref), ("scan", scan), ("splat", scene))
            },
        }
        write_text(
            out, json.dumps({"by": "tests/benchmarks/scenes/bench_file_room.py", **found}, indent=1)
        )
        print(name, found[name], flush=True)


if __name__ == "__main__":
    where = [Path(text).absolute() for text in (*sys.argv[1:3], *sys.argv[4:6])]
    main(where[0], where[1], sys.argv[3], *where[2:], sys.argv[6:] or ["3dgs", "2dgs", "glb"])
