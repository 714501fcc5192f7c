"""A film of a camera in the hand against its truth (no GPU; minutes a seed).

    python -m tests.benchmarks.scenes.bench_moving_film FOLDER OUT.json [SEED …]

Synthesises a film without photos below FOLDER (unless it lies there), runs ingest, pose_track, scan
and splat on it, and holds the camera's path, the object's, and the room against what was filmed.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import yaml
from scipy.spatial import cKDTree

from tests.benchmarks.scenes.bench_film_room import in_view, psnr_db, surface
from xsim_core.capture import IngestConfig, SynthesizeConfig, synthesize_capture, truth_folder
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.geometry import rotation_angle, transform_points
from xsim_core.presets import pipeline_config
from xsim_core.scratch import write_text
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, POSE_TRACK, SCAN, SPLAT
from xsim_core.storage import ArtifactStore, Runtime

IMAGE_WH, NUM_FRAMES, AHEAD_M = (320, 240), 90, 0.85
OFFSETS_M = (0.0, 0.02, 0.05, 0.10)


def config_of(seed):
    """The demo's scene, smaller and filmed from the hand; nobody took photos."""
    return SynthesizeConfig(
        name=f"hand{seed}",
        seed=seed,
        camera="hand",
        image_wh=IMAGE_WH,
        num_frames=NUM_FRAMES,
        num_photos=0,
    )


def made(folder, seed):
    """The capture of a seed."""
    capture = folder / f"hand{seed}"
    if not capture.exists():
        synthesize_capture(capture, config_of(seed))
        path = capture / "capture.yaml"
        told = yaml.safe_load(path.read_text()) | {"room": "film", "video": "video"}
        path.write_text(yaml.safe_dump(told))
    return capture


def spread(values, digits=2):
    """Median, 95th percentile and maximum."""
    return [round(float(v), digits) for v in (*np.quantile(values, [0.5, 0.95]), values.max())]


def off(T, T_true, at):
    """Millimetres at a point of the moving frame, and degrees, by frame."""
    mm = 1000 * np.linalg.norm(
        (transform_points(T, at) - transform_points(T_true, at))[:, 0], axis=1
    )
    return mm, np.rad2deg(rotation_angle(T[:, :3, :3], T_true[:, :3, :3]))


def paths(store, ref, truth):
    """The camera's path and the object's."""
    capture = store.open(ref)
    known = capture.array("camera/has_pose").astype(bool)
    T_world_cam, T_true = (
        capture.array("camera/T_world_cam")[known],
        truth["video_T_world_cam"][known],
    )
    mm, degrees = off(T_world_cam, T_true, np.zeros((1, 3)))
    ahead_mm, _ = off(T_world_cam, T_true, np.array([[0, 0, AHEAD_M]]))
    track = store.open(
        run_stage(POSE_TRACK, pipeline_config("demo").pose_track, store, {"capture": ref})
    )
    object_mm, object_deg = off(
        track.array("T_world_object"), truth["T_world_object"], np.zeros((1, 3))
    )
    return {
        "frames_located": f"{known.sum()} of {len(known)}",
        "camera_mm": spread(mm),
        "camera_deg": spread(degrees, 3),
        "looked_at_mm": spread(ahead_mm),
        "frames_tracked": f"{track.summary.num_ok} of {len(known)}",
        "object_mm": spread(object_mm),
        "object_deg": spread(object_deg, 3),
        "notes": [n for n in capture.summary.notes if n.startswith("camera")],
    }


def room(store, ref, studio):
    """The room, as ``bench_film_room`` measures that of a still camera."""
    config, runtime = pipeline_config("demo"), Runtime(num_workers=1)
    images = run_stage(SCAN, config.scan, store, {"capture": ref}, runtime=runtime)
    scene = store.open(run_stage(SPLAT, config.splat, store, {"images": images}, runtime=runtime))
    vertices = scene.array("mesh/vertices")
    seen = in_view(studio, vertices)
    error_mm = 1000 * cKDTree(surface(studio)).query(vertices)[0]
    return {
        "viewpoints": store.open(images).summary.num_images,
        "table_height_mm": round(1000 * scene.summary.table_height_m, 2),
        "table_tilt_deg": round(float(np.degrees(scene.summary.table_tilt_rad)), 3),
        "mesh_mm": spread(error_mm),
        "mesh_in_view_mm": spread(error_mm[seen]),
        "psnr_db_held_out": scene.summary.psnr_db,
        "psnr_db_beside_film_camera": {
            f"{100 * d:.0f} cm": psnr_db(scene, studio, d) for d in OFFSETS_M
        },
    }


def main(folder, out, seeds):
    """Every seed."""
    store = ArtifactStore((folder / "store").as_uri())
    found = {}
    for seed in seeds:
        begun_s = time.process_time()
        capture = made(folder, seed)
        with np.load(truth_folder(capture) / "truth.npz", allow_pickle=False) as truth:
            truth = dict(truth)
        ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(capture), store, {})
        path_m = np.linalg.norm(np.diff(truth["video_T_world_cam"][:, :3, 3], axis=0), axis=1).sum()
        found[f"seed {seed}"] = {"path_m": round(float(path_m), 2), **paths(store, ref, truth)}
        print(json.dumps(found, indent=1), flush=True)
        found[f"seed {seed}"] |= room(store, ref, Studio(config_of(seed), lambda *_: None))
        found[f"seed {seed}"]["cpu_s"] = round(time.process_time() - begun_s)
        print(json.dumps(found, indent=1), flush=True)
    write_text(out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(s) for s in sys.argv[3:]] or [0, 1])
