"""Meshes and films that do not belong together.

    python -m tests.benchmarks.tracking.bench_first_pose

Objects are filmed by ray casting, by the synthesiser (films of ``bench_tracking``, kept in
``--films``) and, where they lie beside the checkout, by a RealSense camera (``desk_rgbd``). Each
film is given meshes that are its object's, painted and bare, and such that are not: mirrored, of
another size, of another shape, painted otherwise. Those must be refused, or never be ok; their own
must be followed. Rows in ``--json`` are not measured again. The exit status is 1 when a pair ended
otherwise.
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.tracking.bench_tracking import film_world, kept_film
from tests.tracking.objects import (
    SHAPES,
    bare,
    mirrored,
    of_one_colour,
    painted,
    scaled,
    shape,
)
from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, make_camera, pushed
from tests.tracking.test_desk_recording import DESK, desk_frame, desk_truth
from xsim_core.capture.readers import read_mesh
from xsim_core.errors import XSimError
from xsim_core.geometry import PinholeCamera, TexturedMesh, inverse_se3
from xsim_core.tracking import OK, ObjectTracker, adds_m

NUM_FRAMES = 6
CLAIM_M = 0.02


@dataclass(frozen=True)
class Clip:
    """A few frames with truth."""

    frames: list
    T_cam_object: np.ndarray
    camera: PinholeCamera
    mesh: TexturedMesh
    box: tuple
    shape: str
    is_chiral: bool = False
    """Whether the mirrored shape is another one."""


def drawn(name, paint, seed=0):
    """A shape pushed over the table, drawn by ray casting."""
    camera, mesh = make_camera(), paint(shape(name), seed) if paint else of_one_colour(shape(name))
    frames, T = pushed(Scene(camera, mesh, seed=seed), NUM_FRAMES, with_hand=False)
    box = box_of(mesh, T[0], camera)
    T_cam = inverse_se3(T_WORLD_CAM) @ T
    return Clip(frames, T_cam, camera, mesh, box, name, name == "L")


def synthesised(folder, seed):
    """Frames of a film of the synthesiser's, begun before the hand arrives."""
    film = kept_film(folder, f"world{seed}", lambda: film_world(seed))
    kept = film.taken(np.linspace(0, 24, NUM_FRAMES).astype(int))
    depth_m = kept.depth_mm.astype(np.float32) / 1000
    pixels = film.camera.project(
        film.mesh.vertices @ kept.T_cam_object[0, :3, :3].T + kept.T_cam_object[0, :3, 3]
    )
    box = (*(pixels.min(0) - 4).tolist(), *(pixels.max(0) + 4).tolist())
    frames = list(zip(kept.rgb, depth_m, strict=True))
    return Clip(frames, kept.T_cam_object, film.camera, film.mesh, box, "block")


def filmed():
    """The real cube on the desk."""
    mesh, truth = read_mesh(DESK / "mesh" / "cube.obj"), desk_truth()[:NUM_FRAMES]
    camera = PinholeCamera(640, 480, np.loadtxt(DESK / "cam_K.txt"))
    pixels = camera.project(mesh.vertices @ truth[0, :3, :3].T + truth[0, :3, 3])
    box = (*(pixels.min(0) - 6).tolist(), *(pixels.max(0) + 6).tolist())
    return Clip([desk_frame(i) for i in range(NUM_FRAMES)], truth, camera, mesh, box, "cube")


def clips(folder):
    """Name -> how to make the clip."""
    drawn_ones = {
        "L, painted": lambda: drawn("L", painted),
        "L, one colour": lambda: drawn("L", None),
        "can, painted": lambda: drawn("can", painted),
        "mug, one colour": lambda: drawn("mug", None),
        "large can, one colour": lambda: drawn("large can", None),
    }
    made = {f"world {seed}": lambda s=seed: synthesised(folder, s) for seed in range(3)}
    return ({"desk cube (real)": filmed} if DESK.exists() else {}) | made | drawn_ones


def meshes(clip):
    """Name -> (mesh, whether it is the film's object)."""
    own, plain = clip.mesh, bare(clip.mesh)
    yield "its own", own, True
    if own.is_textured:
        yield "its own, bare", plain, True
    if clip.is_chiral:
        yield "mirrored, bare", mirrored(plain), False
    for factor in (0.8, 1.2):
        yield f"x {factor}, bare", scaled(plain, factor), False
    if own.is_textured:
        yield "x 0.8", scaled(own, 0.8), False
        yield "x 1.2", scaled(own, 1.2), False
        if np.ptp(own.texture.reshape(-1, 3), axis=0).max() > 0:
            yield "mirrored", mirrored(own), False
            yield "painted otherwise", painted(own, 99), False
    for name in ("L", *SHAPES):
        if name != clip.shape:
            yield f"{name}, bare", shape(name), False


def outcome(clip, mesh):
    """What came of a pair: the sentence that refuses it, or how many frames are ok and how far."""
    tracker = ObjectTracker(mesh, clip.camera)
    try:
        poses = [tracker.initialise(*clip.frames[0], clip.box, 0.0)]
    except XSimError as error:
        return {"refused": str(error)}
    for k, frame in enumerate(clip.frames[1:], start=1):
        poses.append(tracker.track(*frame, k / 10))
    T = np.array([pose.T_cam_object for pose in poses])
    points = clip.mesh.sample_surface(2000, rng=np.random.default_rng(0))
    errors = adds_m(T, clip.T_cam_object, points)
    is_ok = np.array([pose.status for pose in poses]) == OK
    return {
        "ok": int(is_ok.sum()),
        "frames": len(poses),
        "score": round(float(np.median([pose.score for pose in poses])), 3),
        "worst_mm": round(1000 * float(errors[is_ok].max(initial=0)), 1),
    }


def is_right(row):
    """Whether a pair ended as it has to."""
    if row["belongs"]:
        return row.get("ok") == row.get("frames", -1) and row["worst_mm"] < 1000 * CLAIM_M
    return "refused" in row or row["ok"] == 0


def markdown(rows):
    """A line for each film: its own meshes, and what was refused."""
    lines = [("film", "its own meshes", "others", "refused", "called ok"), ("---",) * 5]
    for clip in dict.fromkeys(row["film"] for row in rows):
        mine = [row for row in rows if row["film"] == clip]
        own = ", ".join(
            f"{row['mesh'].removeprefix('its own').strip(', ') or 'as filmed'}: "
            + (f"{row['ok']} of {row['frames']} ok" if "ok" in row else "refused")
            for row in mine
            if row["belongs"]
        )
        others = [row for row in mine if not row["belongs"]]
        wrong = [row["mesh"] for row in others if row.get("ok", 0)]
        refused = sum("refused" in row for row in others)
        lines.append((clip, own, str(len(others)), str(refused), ", ".join(wrong) or "none"))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, default=Path(tempfile.gettempdir()) / "xsim-films")
    parser.add_argument("--only", nargs="*", default=[], help="parts of films' names")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.films.mkdir(parents=True, exist_ok=True)
    rows = json.loads(args.json.read_text()) if args.json and args.json.exists() else []
    done = {(row["film"], row["mesh"]) for row in rows}
    for name, make in clips(args.films).items():
        if args.only and not any(part in name for part in args.only):
            continue
        clip = make()
        for mesh_name, mesh, belongs in meshes(clip):
            if (name, mesh_name) in done:
                continue
            started = time.process_time()
            row = {"film": name, "mesh": mesh_name, "belongs": belongs, **outcome(clip, mesh)}
            row["cpu_s"] = round(time.process_time() - started, 1)
            rows.append(row)
            print("ok   " if is_right(row) else "WRONG", json.dumps(row), flush=True)
            if args.json:
                args.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    print(markdown(rows))
    return int(not all(is_right(row) for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
