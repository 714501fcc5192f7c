"""Where the object is, told by nothing: ``python -m tests.benchmarks.tracking.bench_first_object``.

Films with known truth (``first_object_films``): synthesised in three rooms with clutter that
stands still, with a second thing that moves, and recorded hands rendered. Each is looked through
whole, with its mesh and without; cut to what comes before anything moves; and cut so that it begins
in the middle of the motion, the hand at the object. Then a click near the object's middle. What is
taken counts as right from an intersection over union of 0.7 with the true box. ``--films`` keeps
the films, ``--json`` takes the rows.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.tracking.first_object_films import kept, of_studio, recorded, synthesised
from tests.benchmarks.tracking.hand_object_films import MUSTARD, SIZES_M, TRACKS
from xsim_core.capture.find_object.by_click import object_at_click
from xsim_core.capture.find_object.by_motion import object_by_motion
from xsim_core.capture.formats import RGBDVideo
from xsim_core.checks.stillness import Stretch
from xsim_core.errors import BadInputError
from xsim_core.geometry import mesh_without_texture, transform_points
from xsim_core.tracking import ObjectTracker

RIGHT, PER_OBJECT, CLICKS, CLICK_PX = 0.7, 4, 5, 8
MOVED_M = 0.003
BEFORE = "before anything moves", "only another thing moves"


def iou(a, b):
    """Intersection over union of two boxes."""
    a, b = np.asarray(a), np.asarray(b)
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared))


def box_at(film, frame):
    pixels = film.camera.project(transform_points(film.T_cam_object[frame], film.vertices))
    return np.concatenate([pixels.min(0), pixels.max(0)])


def answer(find, true):
    """What came of it: taken with its overlap, or asked."""
    begun = time.process_time()
    try:
        found = find()
    except BadInputError as error:
        return {"asked": str(error), "cpu_s": round(time.process_time() - begun, 2)}
    shared = round(iou(found.box_xyxy, true), 3)
    return {"iou": shared, "box": found.box_xyxy, "cpu_s": round(time.process_time() - begun, 2)}


def rows_of(film, *, num_moving):
    """Every way of looking at one film."""
    mesh = mesh_without_texture(film.vertices, film.faces)
    moved = np.linalg.norm(film.T_cam_object[:, :3, 3] - film.T_cam_object[0, :3, 3], axis=1)
    onset = int(np.argmax(moved > MOVED_M))
    middle = int(np.argmax(moved > 0.5 * moved.max()))
    for case, first, last, with_mesh in (
        ("whole, with its mesh", 0, None, True),
        ("whole, without", 0, None, False),
        (BEFORE[num_moving > 1], 0, max(onset - 1, 1), True),
        ("begun in the middle, with its mesh", middle, None, True),
        ("begun in the middle, without", middle, None, False),
    ):
        part = slice(first, last)
        video = RGBDVideo(film.rgb[part], film.depth_mm[part], film.timestamps_s[part], film.K)
        stretches = (Stretch(0, len(video.rgb) - 1),)
        given = mesh if with_mesh else None
        said = answer(
            lambda v=video, g=given, s=stretches: object_by_motion(v, 0, g, s),
            box_at(film, first),
        )
        if with_mesh and said.get("iou", 1.0) < RIGHT:
            said["first_pose"] = first_pose(film, first, mesh, said["box"])
        yield {"film": film.name, "case": case, "moving": num_moving, **said}
    yield from clicks(film, mesh)


def first_pose(film, frame, mesh, box):
    """What ``pose_track`` makes of a wrong box: believed, or the sentence that refuses it."""
    tracker = ObjectTracker(mesh, film.camera)
    try:
        tracker.initialise(film.rgb[frame], film.depth_mm[frame].astype(np.float32) / 1000, box)
    except BadInputError as error:
        return f"refused: {error}"
    return "believed"


def clicks(film, mesh):
    """Clicks within some pixels of the middle of the box."""
    rng = np.random.default_rng(0)
    video = RGBDVideo(film.rgb, film.depth_mm, film.timestamps_s, film.K)
    for given, case in ((mesh, "click, with its mesh"), (None, "click, without")):
        for _ in range(CLICKS):
            at = film.box.reshape(2, 2).mean(0) + rng.uniform(-CLICK_PX, CLICK_PX, 2)
            click = float(at[0]), float(at[1])
            said = answer(lambda c=click, g=given: object_at_click(video, 0, c, g), film.box)
            yield {"film": film.name, "case": case, "moving": 1, **said}


def films(folder):
    """Every film, and how many things move in it."""
    for name, (config, other) in of_studio().items():
        make = lambda n=name, c=config, o=other: synthesised(n, c, other=o)  # noqa: E731
        yield kept(folder, name, make), 2 if other else 1
    for name in (MUSTARD, *SIZES_M):
        for path in sorted(TRACKS.glob(f"{name}__*.npz"))[:PER_OBJECT]:
            if (folder / f"{path.stem}.npz").exists() or recorded(path) is not None:
                yield kept(folder, path.stem, lambda p=path: recorded(p)), 1


def summary(rows):
    """Of each kind of film and case: taken right, taken wrong, asked."""
    told = {}
    for row in rows:
        room = row["film"].rsplit("_", 1)[0] in ("patterned", "kitchen", "study")
        kind = ("two things move" if row["moving"] > 1 else "synthesised") if room else "recorded"
        cell = told.setdefault(f"{kind}: {row['case']}", {"right": 0, "wrong": 0, "asked": 0})
        if "asked" in row:
            cell["asked"] += 1
        else:
            cell["right" if row["iou"] >= RIGHT else "wrong"] += 1
            if row.get("first_pose", "").startswith("refused"):
                cell["refused_by_first_pose"] = cell.get("refused_by_first_pose", 0) + 1
            cell.setdefault("ious", []).append(row["iou"])
    for cell in told.values():
        if ious := cell.pop("ious", None):
            cell["iou_median"] = round(float(np.median(ious)), 3)
            cell["iou_least"] = min(ious)
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--there", action="store_true", help="only films that were made already")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.films.mkdir(parents=True, exist_ok=True)
    rows = []
    if args.there:
        others = {n: 2 for n, (_, other) in of_studio().items() if other}
        names = sorted(p.stem for p in args.films.glob("*.npz"))
        given = ((kept(args.films, n, lambda: None), others.get(n, 1)) for n in names)
    else:
        given = films(args.films)
    for film, num_moving in given:
        rows += rows_of(film, num_moving=num_moving)
    found = {"summary": summary(rows), "rows": rows}
    print(json.dumps(found["summary"], indent=1))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
