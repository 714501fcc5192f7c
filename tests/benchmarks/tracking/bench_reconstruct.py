"""Objects made from their films alone: ``python -m tests.benchmarks.tracking.bench_reconstruct``.

Recorded manipulations, rendered (``hand_object_films``), are reconstructed without a mesh; the
stage ``pose_track`` then follows each film with the mesh that came out. The reconstruction's frame
is brought to the true object's by one rigid transform, found over the frames that were ``ok``.
Rows in ``--json`` are not measured again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from tests.benchmarks.tracking.hand_object_films import MUSTARD, SIZES_M, TRACKS, take
from tests.pose_track.captures import commit_capture
from xsim_core.artifacts import ObjectTrack
from xsim_core.errors import XSimError
from xsim_core.evaluate.errors import frame_apart
from xsim_core.geometry import inverse_se3, transform_points
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.reconstruct import reconstruct_object
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import OK, adds_m, auc

PER_OBJECT = 2


def surfaces(made, T_true_made, mesh):
    """Distances between both surfaces, and both sizes."""
    vertices = transform_points(T_true_made, made.mesh.vertices.astype(float))
    rec = trimesh.Trimesh(vertices, made.mesh.faces, process=False)
    true = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    points, face = trimesh.sample.sample_surface(rec, 6000, seed=0)
    dense = {
        k: trimesh.sample.sample_surface(m, 150000, seed=1)[0]
        for k, m in (("rec", rec), ("true", true))
    }
    off = cKDTree(dense["true"]).query(points)[0]
    back = cKDTree(dense["rec"]).query(trimesh.sample.sample_surface(true, 6000, seed=2)[0])[0]
    seen = made.is_seen[made.mesh.faces[face]].all(1)
    return {
        "seen_share": round(made.seen_share, 3),
        "seen_mm": round(1000 * float(off[seen].mean()), 2),
        "unseen_mm": round(1000 * float(off[~seen].mean()), 2),
        "true_to_made_mm": round(1000 * float(back.mean()), 2),
        "size_mm": (1000 * np.ptp(vertices, axis=0)).round(0).tolist(),
        "true_size_mm": (1000 * np.ptp(mesh.vertices, axis=0)).round(0).tolist(),
    }


def tracked(film, made):
    """The stage's track with the mesh that came out."""
    store = ArtifactStore("memory://", scratch_root=Path(tempfile.mkdtemp()))
    v = film.video
    arrays = {
        "video/rgb": v.rgb_frames,
        "video/depth_mm": v.depth_frames,
        "video/timestamps_s": v.timestamps_s,
        "video/K": v.camera.K,
        "photos": np.zeros((0, 4, 4, 3), np.uint8),
        "object/is_seen": made.is_seen,
        **{f"object/{name}": values for name, values in made.mesh.arrays.items()},
    }
    place = tuple(tuple(row) for row in np.eye(4).tolist())
    capture = commit_capture(
        store, arrays, init_box_xyxy=film.box, board=None, T_world_cam=place, mesh_from="film"
    )
    config = PoseTrackConfig()
    return store.open(run_stage(POSE_TRACK, config, store, {"capture": capture.ref}), ObjectTrack)


def row(path):
    """Figures of one recording."""
    film = take(path)
    if film is None:
        return {"left_out": "the table would be seen edge-on"}
    found = {"frames": film.video.num_frames, "least_visible": round(float(film.visible.min()), 2)}
    begun = time.process_time()
    try:
        made = reconstruct_object(film.video, 0, film.box)
    except XSimError as error:
        return {**found, "refused": str(error)}
    found |= {"cpu_s": round(time.process_time() - begun, 1), "looks": made.num_looks}
    known = np.isfinite(made.T_cam_object[:, 0, 0])
    apart = frame_apart(made.T_cam_object[known], film.T_cam_object[known])
    found |= surfaces(made, apart, film.mesh)
    points = film.mesh.sample_surface(1000, rng=np.random.default_rng(0))
    try:
        track = tracked(film, made)
    except XSimError as error:
        return {**found, "track_refused": str(error)}
    T, is_ok = track.array("T_cam_object"), track.array("status") == OK
    T = T @ inverse_se3(frame_apart(T[is_ok], film.T_cam_object[is_ok]))
    off = adds_m(T, film.T_cam_object, points)
    return {
        **found,
        "ok": int(is_ok.sum()),
        "verdict": track.summary.verdict,
        "adds_auc": round(auc(off), 1),
        "adds_median_mm": round(1000 * float(np.median(off)), 1),
        "adds_worst_ok_mm": round(1000 * float(off[is_ok].max()), 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="parts of recordings' names")
    parser.add_argument("--per-object", type=int, default=PER_OBJECT)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = json.loads(args.json.read_text()) if args.json and args.json.exists() else []
    done = {r["film"] for r in rows}
    for name in (MUSTARD, *SIZES_M):
        for path in sorted(TRACKS.glob(f"{name}__*.npz"))[: args.per_object]:
            is_asked = not args.only or any(part in path.stem for part in args.only)
            if path.stem in done or not is_asked:
                continue
            rows.append({"film": path.stem, **row(path)})
            print(json.dumps(rows[-1]), flush=True)
            if args.json:
                args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
