"""The tracker on recorded manipulations, rendered.

    python -m tests.benchmarks.tracking.bench_hand_objects

Recorded hands and objects, rendered with a sensor's noise (``hand_object_films``), are followed
with the object's mesh as ``pose_track`` does, from the true pose of the first frame, so that every
recording counts; what becomes of a first pose that is searched for in the true box is told beside
it. Errors are over all frames; a frame is wrong from 3 cm (ADD) and flagged where its status is not
``ok``. Times are of the CPU, one thread. Rows in ``--json`` are not measured again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.tracking.bench_tracking import kept_film
from tests.benchmarks.tracking.hand_object_films import film_of, recordings, take
from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError
from xsim_core.film.frames import Video
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.pose_track._cpu import track_video
from xsim_core.pose_track.raw_track import RawTrack
from xsim_core.tracking import LOST, OK, ObjectTracker, TrackedPose, add_m, adds_m, auc

WRONG_M = 0.03


def found_in_box(film):
    """What becomes of the first pose in the box: how far off it is, or why it was refused."""
    tracker = ObjectTracker(film.mesh, film.camera)
    depth_m = film.depth_mm[0].astype(np.float32) / 1000
    try:
        first = tracker.initialise(film.rgb[0], depth_m, film.box, 0.0)
    except BadInputError as error:
        return {"first_pose_refused": str(error)}
    points = film.mesh.sample_surface(500, rng=np.random.default_rng(0))
    off_m = add_m(first.T_cam_object[None], film.T_cam_object[:1], points)[0]
    return {"first_pose_off_mm": round(1000 * float(off_m), 1)}


def followed(film, config):
    """The track from the true first pose, and the CPU's time a frame."""
    video = Video(film.rgb, film.depth_mm, film.timestamps_s, film.camera)
    summary = Capture.model_construct(init_frame=0, init_box_xyxy=film.box)
    with tempfile.TemporaryDirectory() as folder:
        begun = RawTrack.empty(video.num_frames)
        begun.put(0, TrackedPose(film.T_cam_object[0], OK, 1.0, 1.0))
        begun.save(Path(folder) / "forward.npz")
        started = time.process_time()
        track = track_video(
            video,
            film.mesh,
            summary,
            config=config,
            scratch=Path(folder),
            report=lambda share, figures: None,
        )
        return track, (time.process_time() - started) / video.num_frames


def figures(film, track):
    """How far off, and what was said of it; the first frame was given."""
    points = film.mesh.sample_surface(1000, rng=np.random.default_rng(0))
    T, true = track.T_cam_object[1:], film.T_cam_object[1:]
    add, adds = add_m(T, true, points), adds_m(T, true, points)
    is_ok, is_lost = track.status[1:] == OK, track.status[1:] == LOST
    wrong = add > WRONG_M
    return {
        "frames": len(add),
        "ok": int(is_ok.sum()),
        "lost": int(is_lost.sum()),
        "add_auc": round(auc(add), 1),
        "adds_auc": round(auc(adds), 1),
        "add_median_mm": round(1000 * float(np.median(add)), 1),
        "wrong": int(wrong.sum()),
        "wrong_flagged": int((wrong & ~is_ok).sum()),
        "right_flagged": int((~wrong & ~is_ok).sum()),
        "wrong_ok_frames": (1 + np.flatnonzero(wrong & is_ok)).tolist(),
        "wrong_ok_adds_mm": (1000 * adds[wrong & is_ok]).round(1).tolist(),
        "add_mm": (1000 * add).round(1).tolist(),
        "adds_mm": (1000 * adds).round(1).tolist(),
        "status": track.status[1:].tolist(),
        "score": track.score[1:].round(3).tolist(),
    }


def summary(rows):
    """Object -> its figures over all frames of its recordings; the last line is of all."""
    objects = [*dict.fromkeys(row["object"] for row in rows), "all"]
    told = {}
    for name in objects:
        mine = [row for row in rows if name in (row["object"], "all")]
        add, adds = (np.concatenate([r[k] for r in mine]) / 1000 for k in ("add_mm", "adds_mm"))
        total = {k: sum(r[k] for r in mine) for k in ("wrong", "wrong_flagged", "right_flagged")}
        told[name] = {
            "recordings": len(mine),
            "first_poses_refused": sum("first_pose_refused" in row for row in mine),
            "frames": len(add),
            "add_auc": round(auc(add), 1),
            "adds_auc": round(auc(adds), 1),
            **total,
            "cpu_ms": round(float(np.average([r["cpu_ms"] for r in mine])), 1),
        }
    return told


def table(rows):
    """For the documents."""
    head = (
        "object", "recordings", "frames", "ADD AUC", "ADD-S AUC", "wrong by 3 cm, of these flagged",
        "right, yet flagged", "CPU a frame", "first poses refused",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for name, t in summary(rows).items():
        right = t["frames"] - t["wrong"]
        cells = [name.replace("_", " "), str(t["recordings"]), str(t["frames"])]
        cells += [f"{t['add_auc']:.1f}", f"{t['adds_auc']:.1f}"]
        cells += [f"{t['wrong']}, {t['wrong_flagged']}", f"{t['right_flagged']} of {right}"]
        cells += [f"{t['cpu_ms']:.0f} ms", str(t["first_poses_refused"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, default=Path(tempfile.gettempdir()) / "xsim-films")
    parser.add_argument("--per-object", type=int, default=4)
    parser.add_argument("--only", nargs="*", default=[], help="parts of recordings' names")
    parser.add_argument("--no-first-pose", action="store_true", help="do not search the boxes")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.films.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    rows = json.loads(args.json.read_text()) if args.json and args.json.exists() else []
    done = {row["film"] for row in rows}
    for path in recordings(args.per_object):
        is_asked = not args.only or any(part in path.stem for part in args.only)
        if path.stem in done or not is_asked:
            continue
        film = kept_film(args.films, path.stem, lambda p=path: film_of(take(p)))
        track, cost_s = followed(film, PoseTrackConfig())
        row = {"film": path.stem, "object": path.stem.split("__")[0]} | figures(film, track)
        row["cpu_ms"] = round(1000 * cost_s, 1)
        rows.append(row if args.no_first_pose else row | found_in_box(film))
        shown = {k: v for k, v in rows[-1].items() if not isinstance(v, list)}
        print(json.dumps(shown), flush=True)
        if args.json:
            args.json.write_text(json.dumps(rows) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
