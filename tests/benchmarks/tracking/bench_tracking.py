"""Tracking recordings in which something went wrong.

    python -m tests.benchmarks.tracking.bench_tracking

Three worlds are filmed by the synthesiser; each film is then spoilt as recordings are, and the
stage ``pose_track`` follows it. What counts is that no frame is called ok that is not. Films are
kept in ``--films`` and used again, rows in ``--json`` are not measured again. The exit status is 1
when a frame that is called ok is more than 2 cm off.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from tests.pose_track.captures import commit_capture
from tests.pose_track.films import Film
from xsim_core.artifacts import ObjectTrack
from xsim_core.capture.synthetic.scenario import SynthesizeConfig
from xsim_core.capture.synthetic.studio import Studio
from xsim_core.errors import XSimError
from xsim_core.geometry import BoardSpec, TexturedMesh
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import OK, STATUS_NAMES, add_m

FPS, SECONDS, STARTS_S, ENDS_S = 30, 6, 1.4, 5.4
"""What is filmed, and what of it is tracked: the approach, the move of two seconds, the end."""
GAP_S = (2.9, 3.9)
CLAIM_M = 0.02
"""What ``ok`` claims."""
WORLDS = (
    {"motion": "slide"},
    {"motion": "lift"},
    {"start_xy_m": (0.52, 0.07), "end_xy_m": (0.50, -0.09), "turn_rad": -0.6, "bulge_m": -0.02},
)


def film_world(seed, *, is_away=False):
    """A film of one world; ``is_away`` takes the object out of the picture and back."""
    config = SynthesizeConfig(
        seed=seed,
        num_frames=FPS * SECONDS,
        fps=FPS,
        num_photos=0,
        image_wh=(400, 300),
        **WORLDS[seed],
    )
    studio = Studio(config, lambda fraction, figures: None)
    T = studio.motion.poses(studio.phases)
    box = studio.capture_file(T[0]).init_box_xyxy
    if is_away:
        time_s = np.arange(len(T)) / FPS
        rise = np.clip((time_s - 2.4) / 0.9, 0, 1) * np.clip((4.9 - time_s) / 0.9, 0, 1)
        T[:, 1, 3] -= 0.9 * rise * rise * (3 - 2 * rise)
    video = studio.take_video(T).video
    film = Film(
        video.rgb,
        video.depth_mm,
        video.timestamps_s,
        video.K,
        T,
        studio.T_world_cam,
        studio.mesh,
        studio.board,
        box,
    )
    first, last = film.window(STARTS_S, ENDS_S)
    return film.taken(np.arange(first, last))


def spoilt(film):
    """What is brought -> the film. The film itself has 30 frames a second, most others 15."""
    n = len(film.rgb)
    every = film.taken(np.arange(0, n, 2))
    first, last = every.window(*GAP_S)
    gone = np.r_[np.arange(first), np.arange(last, len(every.rgb))]
    half, twice = n // 2, np.arange(n) // 2 * 2
    doubled = film.taken(twice, film.timestamps_s)
    yield "15 frames a second", every
    yield "dropped for 1 s, times tell", every.taken(gone)
    yield "dropped for 1 s, frames numbered on", every.taken(gone, np.arange(len(gone)) / 15)
    yield "frozen for 1 s", every.frozen(first, last)
    yield "depth frozen for 1 s", every.frozen(first, last, ("depth_mm",))
    yield "colour frozen for 1 s", every.frozen(first, last, ("rgb",))
    yield "each frame twice", doubled
    for hz in (7.5, 6, 3):
        yield f"{hz:g} frames a second", film.taken(np.arange(0, n, round(FPS / hz)))
    yield "30, then 6 a second", film.taken(np.r_[np.arange(half), np.arange(half, n, 5)])
    yield "6, then 30 a second", film.taken(np.r_[np.arange(0, half, 5), np.arange(half, n)])
    yield "one frame without depth", every.without_depth([first + 5])
    yield "1 s without depth", every.without_depth(np.arange(first, last))
    yield "covered for 1 s", every.covered(np.arange(first, last))


def tracked(film):
    """Figures of one film, or the sentence that refuses it."""
    store = ArtifactStore("memory://", scratch_root=Path(tempfile.mkdtemp()))
    capture = commit_capture(store, film.arrays, init_box_xyxy=film.box, board=film.board)
    try:
        ref = run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})
    except XSimError as error:
        return {"refused": str(error)}
    made = store.open(ref, ObjectTrack)
    status, points = made.array("status"), film.mesh.vertices[::8].astype(float)
    errors = add_m(made.array("T_world_object"), film.T_world_object, points)
    is_ok = status == OK
    return {
        "frames": len(status),
        **{name: int((status == k).sum()) for k, name in STATUS_NAMES.items()},
        "ok_median_mm": 1000 * float(np.median(errors[is_ok])),
        "ok_worst_mm": 1000 * float(errors[is_ok].max()),
        "ok_wrong": int((errors[is_ok] > CLAIM_M).sum()),
        "all_worst_mm": 1000 * float(errors.max()),
        "segments": made.summary.num_segments,
        "path_m": made.summary.path_length_m,
        "true_path_m": film.path_m,
    }


def kept_film(folder, name, make):
    """A film from the folder, or made and kept there."""
    path = folder / f"{name}.npz"
    if not path.exists():
        film = make()
        np.savez(
            path,
            rgb=film.rgb,
            depth_mm=film.depth_mm,
            timestamps_s=film.timestamps_s,
            K=film.K,
            T_world_object=film.T_world_object,
            T_world_cam=film.T_world_cam,
            vertices=film.mesh.vertices,
            faces=film.mesh.faces,
            uv=film.mesh.uv,
            texture=film.mesh.texture,
            board=np.array(film.board.model_dump_json()),
            box=np.array(film.box),
        )
    kept = dict(np.load(path))
    mesh = {k: kept.pop(k) for k in ("vertices", "faces", "uv", "texture")}
    board, box = BoardSpec.model_validate_json(str(kept.pop("board"))), tuple(kept.pop("box"))
    return Film(**kept, mesh=TexturedMesh(**mesh), board=board, box=tuple(map(float, box)))


HEAD = (
    "brought", "ok", "occluded", "interpolated", "lost", "ok: median", "worst",
    "called ok, > 2 cm off", "path / true, each world",
)  # fmt: skip


def markdown(rows):
    """A table with a line for each thing that went wrong, all worlds together."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for name in dict.fromkeys(row["brought"] for row in rows):
        mine = [row for row in rows if row["brought"] == name]
        good = [row for row in mine if "refused" not in row]
        lines.append((name, *_cells(good))) if good else lines.append((name, mine[0]["refused"]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(rows):
    total = sum(row["frames"] for row in rows)
    shares = [100 * sum(row[k] for row in rows) / total for k in HEAD[1:5]]
    return (
        *(f"{share:.0f} %" for share in shares),
        f"{np.median([row['ok_median_mm'] for row in rows]):.1f} mm",
        f"{max(row['ok_worst_mm'] for row in rows):.1f} mm",
        str(sum(row["ok_wrong"] for row in rows)),
        ", ".join(f"{row['path_m']:.3f} / {row['true_path_m']:.3f}" for row in rows),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, default=Path(tempfile.gettempdir()) / "xsim-films")
    parser.add_argument("--worlds", type=int, nargs="*", default=list(range(len(WORLDS))))
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.films.mkdir(parents=True, exist_ok=True)
    rows = json.loads(args.json.read_text()) if args.json and args.json.exists() else []
    done = {(row["brought"], row["world"]) for row in rows}
    for seed in args.worlds:
        film = kept_film(args.films, f"world{seed}", lambda s=seed: film_world(s))
        brought = [*spoilt(film)]
        if not args.only or any("picture" in part for part in args.only):
            away = kept_film(args.films, f"away{seed}", lambda s=seed: film_world(s, is_away=True))
            away = away.taken(np.arange(0, len(away.rgb), 2))
            brought.append(("leaves the picture and returns", away))
        for name, spoilt_film in brought:
            is_asked = not args.only or any(part in name for part in args.only)
            if not is_asked or (name, seed) in done:
                continue
            rows.append({"brought": name, "world": seed, **tracked(spoilt_film)})
            print(json.dumps(rows[-1]), flush=True)
            if args.json:
                args.json.write_text(json.dumps(rows, indent=1))
    print(markdown(rows))
    return int(any(row.get("ok_wrong", 0) for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
