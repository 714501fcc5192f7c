"""When the hand touches the object, against truth.

    python -m tests.benchmarks.tracking.bench_contacts

The films of ``first_object_films``, whose truth knows where the hand's nearest vertex is. Of the
synthesised ones it touches within 1.5 mm of the object's surface; contacts are found along the true
track and along that of the tracker (a mesh without colours, begun in the true box). Of the recorded
hands it touches within 4 mm (joints were annotated, capsules drawn on them); contacts are found
along the true track. ``--films`` holds the films, ``--json`` takes the rows.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from tests.benchmarks.tracking.first_object_films import kept, of_studio, synthesised
from tests.benchmarks.tracking.hand_object_films import EVERY, TRACKS, hand
from xsim_core.errors import BadInputError
from xsim_core.film.contacts import find_contacts
from xsim_core.film.frames import Video
from xsim_core.geometry import inverse_se3, mesh_without_texture, transform_points
from xsim_core.tracking import OK, ObjectTracker, add_m, motion_segments
from xsim_core.tracking.config import SegmentConfig

TRUE_M, RECORDED_M = 0.0015, 0.004


def recorded_gap(path, film):
    """Distance (t,) of the recorded hand's capsules from the object's surface; NaN: no hand."""
    joints = np.load(path)["hand_joints_cam"].astype(float)[::EVERY]
    mesh = mesh_without_texture(film.vertices, film.faces)
    tree = cKDTree(mesh.sample_surface(40000, rng=np.random.default_rng(0)))
    gaps = np.full(len(joints), np.inf)
    for i, (T, at) in enumerate(zip(film.T_cam_object, joints, strict=True)):
        if (caster := hand(at)) is not None:
            points = caster.mesh.vertices.astype(float)
            gaps[i] = tree.query(transform_points(inverse_se3(T), points))[0].min()
    return gaps


def tracked(video, mesh, box):
    """Poses (t, 4, 4) and status (t,) by the tracker."""
    tracker = ObjectTracker(mesh, video.camera)
    tracker.initialise(video.rgb(0), video.depth_m(0), tuple(box))
    poses = [
        tracker.track(video.rgb(i), video.depth_m(i), float(video.timestamps_s[i]))
        for i in range(video.num_frames)
    ]
    return np.stack([p.T_cam_object for p in poses]), np.array([p.status for p in poses], np.int8)


def row(film, video, mesh, T, status, true):
    """First and last frames against the true ones; a contact that the film begins or ends in has
    no such frame."""
    begun = time.process_time()
    segments = motion_segments(T, film.timestamps_s, config=SegmentConfig())
    found = find_contacts(video, mesh, T, status, segments)
    cpu_s = time.process_time() - begun
    touches = found.touches.tolist()
    told = {
        "true": [int(true[0]), int(true[-1])],
        "found": touches,
        "fps": round(float(1 / np.median(np.diff(film.timestamps_s))), 2),
        "cpu_s": round(cpu_s, 2),
    }
    if touches and true[0] > 0:
        told["first_off_frames"] = touches[0][0] - int(true[0])
    if touches and true[-1] < video.num_frames - 1:
        told["last_off_frames"] = touches[-1][1] - int(true[-1])
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = []
    for name, (config, other) in of_studio().items():
        film = kept(args.films, name, lambda n=name, c=config, o=other: synthesised(n, c, other=o))
        video = Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)
        mesh = mesh_without_texture(film.vertices, film.faces)
        still = np.full(video.num_frames, OK, np.int8)
        along = {"the true track": (film.T_cam_object, still)}
        try:
            along["the tracker's"] = tracked(video, mesh, film.box)
        except BadInputError as error:
            print(name, error)
        for track, (T, status) in along.items():
            true = np.flatnonzero(film.hand_gap_m < TRUE_M)
            rows.append({"film": name, "along": track, **row(film, video, mesh, T, status, true)})
            off_m = add_m(T, film.T_cam_object, film.vertices.astype(float))
            rows[-1]["track_off_mm"] = round(1000 * float(np.median(off_m)), 1)
            print(json.dumps(rows[-1]), flush=True)
    for path in sorted(TRACKS.glob("*.npz")):
        if not (args.films / f"{path.stem}.npz").exists():
            continue
        film = kept(args.films, path.stem, lambda: None)
        video = Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)
        mesh = mesh_without_texture(film.vertices, film.faces)
        still = np.full(video.num_frames, OK, np.int8)
        true = np.flatnonzero(recorded_gap(path, film) < RECORDED_M)
        if len(true):
            told = row(film, video, mesh, film.T_cam_object, still, true)
            rows.append({"film": path.stem, "along": "the true track", **told})
            print(json.dumps(rows[-1]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
