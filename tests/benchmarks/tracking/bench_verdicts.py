"""Tracks judged, and what they should be: ``python -m tests.benchmarks.tracking.bench_verdicts``.

Recorded manipulations as they were (``hand_object_tracks``, motion alone), the real cube of
``desk_rgbd``, and filmed worlds as they are and spoilt as recordings are, each through the stage
``pose_track``; then the track of a good film, spoilt itself. The exit status is 1 where a verdict
is not one of those that it should be. Films are kept in ``--films``, rows in ``--json``.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.benchmarks.tracking.bench_scores import desk_film
from tests.benchmarks.tracking.bench_tracking import CLAIM_M, film_world, kept_film, spoilt
from tests.pose_track.captures import commit_capture
from tests.tracking.objects import bare
from tests.tracking.test_desk_recording import DESK, ROOT
from xsim_core.artifacts import ObjectTrack
from xsim_core.errors import XSimError
from xsim_core.geometry import so3_exp
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import LOST, OK, ObjectTracker, add_m
from xsim_core.verdicts import judge_track
from xsim_core.verdicts.evidence import TrackEvidence

DOUBT = ("review", "fail", "refused")
SHOULD_BE = {
    "15 frames a second": ("pass",),
    "each frame twice": ("pass",),
    "one frame without depth": ("pass",),
    "dropped for 1 s, frames numbered on": ("pass", *DOUBT),
    "frozen for 1 s": DOUBT,
    "1 s without depth": DOUBT,
    "covered for 1 s": DOUBT,
}
"""By what goes wrong with the film. What was dropped and numbered on can be found again at once."""

ROUND = ("007_tuna_fish_can", "040_large_marker")
"""Of these the annotated turn about their axis leaps: nobody sees it."""


def judged(evidence):
    verdict = judge_track(evidence)
    return {"verdict": verdict.level, "because": verdict.because}


def whole(T, status, score, time_s, vertices):
    """Evidence in which all of the film is motion, above nothing."""
    return TrackEvidence(T, status, score, time_s, np.array([[0, len(T) - 1]]), vertices)


def recorded_hands():
    """Name -> evidence of manipulations as they were annotated, 30 a second."""
    for path in sorted((ROOT / "hand_object_tracks").glob("*.npz")):
        T = np.load(path)["T_cam_object"].astype(float)
        n = len(T)
        yield path.stem, whole(T, np.zeros(n), np.ones(n), np.arange(n) / 30, np.zeros((4, 3)))


def real_cube(film, mesh):
    """Evidence of the cube tracked; the moving camera stands for the world."""
    tracker = ObjectTracker(mesh, film.camera)
    tracker.set_pose(film.T_cam_object[0], 0.0)
    poses = [
        tracker.track(rgb, depth_mm.astype(np.float32) / 1000, float(time_s))
        for rgb, depth_mm, time_s in zip(film.rgb, film.depth_mm, film.timestamps_s, strict=True)
    ]
    told = [np.array([getattr(p, name) for p in poses]) for name in ("status", "score")]
    return whole(np.array([p.T_cam_object for p in poses]), *told, film.timestamps_s, mesh.vertices)


def tracked(film):
    """The artifact of a film, or the sentence that refuses it."""
    store = ArtifactStore("memory://", scratch_root=Path(tempfile.mkdtemp()))
    capture = commit_capture(store, film.arrays, init_box_xyxy=film.box, board=film.board)
    try:
        ref = run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})
    except XSimError as error:
        return str(error)
    return store.open(ref, ObjectTrack)


def spoilt_tracks(good):
    """What is done to a good track -> evidence, and what it should be."""
    T, status = good.T_world_object, good.status
    n = len(status)
    fifth = status.copy()
    fifth[n // 4 : n // 4 + n // 5] = LOST
    yield "a fifth of the frames lost", replace(good, status=fifth), ("fail",)
    for z_mm, should in ((-5, ("pass",)), (-13, ("review",)), (-30, ("fail",)), (30, ("review",))):
        moved = T.copy()
        moved[:, 2, 3] += z_mm / 1000
        yield f"{z_mm:+} mm in height", replace(good, T_world_object=moved), should
    turned = T.copy()
    turned[n // 2 :, :3, :3] = turned[n // 2 :, :3, :3] @ so3_exp([0, 0, np.pi])
    yield "half a turn between two frames", replace(good, T_world_object=turned), ("fail",)
    jumped = T.copy()
    jumped[n // 2 :, 0, 3] += 0.3
    yield "30 cm between two frames", replace(good, T_world_object=jumped), ("fail",)


def figures(made, film):
    """Of a track that was made: verdict, and how far off it truly is."""
    errors = add_m(made.array("T_world_object"), film.T_world_object, film.mesh.vertices[::8])
    status = made.array("status")
    return {
        "verdict": made.summary.verdict,
        "because": judge_track(TrackEvidence.of(made)).because,
        "lost": int((status == LOST).sum()),
        "ok_wrong": int((errors[status == OK] > CLAIM_M).sum()),
        "median_mm": round(1000 * float(np.median(errors)), 1),
        "worst_mm": round(1000 * float(errors.max()), 1),
        "plane_mm": None
        if made.summary.support_plane is None
        else round(1000 * made.summary.support_plane[3], 1),
    }


def rows(args):
    """Every case: name, what it should be, what it is."""
    for name, evidence in recorded_hands():
        should = ("pass", *DOUBT) if name.startswith(ROUND) else ("pass",)
        yield {"case": f"hand: {name}", "should": should, **judged(evidence)}
    if DESK.exists():
        film = desk_film()
        for name, mesh in {"its colours": film.mesh, "bare": bare(film.mesh)}.items():
            evidence = real_cube(film, mesh)
            yield {"case": f"desk cube, {name}", "should": ("pass",), **judged(evidence)}
    for seed in args.worlds:
        film = kept_film(args.films, f"world{seed}", lambda s=seed: film_world(s))
        for brought, other in spoilt(film):
            if brought not in SHOULD_BE:
                continue
            case = {"case": f"world {seed}: {brought}", "should": SHOULD_BE[brought]}
            made = tracked(other)
            if isinstance(made, str):
                yield {**case, "verdict": "refused", "because": made}
                continue
            yield {**case, **figures(made, other)}
            if brought == "15 frames a second":
                for done, evidence, should in spoilt_tracks(TrackEvidence.of(made)):
                    told = {"case": f"world {seed}, its track: {done}", "should": should}
                    yield {**told, **judged(evidence)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, default=Path(tempfile.gettempdir()) / "xsim-films")
    parser.add_argument("--worlds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.films.mkdir(parents=True, exist_ok=True)
    done = []
    for row in rows(args):
        done.append(row)
        print(json.dumps(row), flush=True)
        if args.json:
            args.json.write_text(json.dumps(done, indent=1) + "\n")
    wrong = [row["case"] for row in done if row["verdict"] not in row["should"]]
    print(f"{len(done)} cases, {len(wrong)} not as they should be: {', '.join(wrong) or 'none'}")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
