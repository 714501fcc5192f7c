"""How well any ten of a real UR5's twenty poses find its camera (needs shared/data/hand_eye_ur5).

    python -m tests.benchmarks.tracking.bench_hand_eye RECORDING CACHE OUT.json

The boards are detected once (about 25 s) and kept in the cache; each draw solves from ten poses.
"""

import json
import sys
from pathlib import Path

import numpy as np

from xsim_core.capture.hand_eye.pictures import Chessboard, Sighting, calibrated, sightings_of
from xsim_core.capture.hand_eye.robot_poses import read_robot_poses
from xsim_core.capture.hand_eye.solve import solve_hand_eye
from xsim_core.capture.readers.images import image_files
from xsim_core.errors import QualityGateError
from xsim_core.geometry import rotation_angle
from xsim_core.scratch import read_arrays, write_arrays, write_text

BOARD = Chessboard(11, 9, 0.0424)
REFERENCE_M = [0.336, -0.464, 0.026]
"""The recording's own result, by ViSP; it tells no rotation."""
NUM_DRAWS, NUM_POSES = 200, 10


def detected(recording, cache):
    """Pixels (n, c, 2) of every picture, and its size."""
    if (kept := read_arrays(cache)) is None:
        found, image_wh = sightings_of(image_files(recording), BOARD)
        kept = {"pixels": np.stack([s.pixels for s in found]), "image_wh": np.array(image_wh)}
        write_arrays(cache, kept)
    return kept["pixels"], tuple(kept["image_wh"].tolist())


def percentiles(values):
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 95, 100)}


def main(recording, cache, out):
    """Solve from all poses and from draws of ten."""
    pixels, image_wh = detected(recording, cache)
    views = calibrated([Sighting(BOARD.corners_board, p) for p in pixels], image_wh)
    poses = read_robot_poses(image_files(recording), recording, [])["xyzw"]
    H, C = np.stack([poses[k] for k in range(len(pixels))]), views.T_cam_board
    full = solve_hand_eye(H, C, T_half=BOARD.T_half)
    rng, found, refused = np.random.default_rng(0), [], 0
    for _ in range(NUM_DRAWS):
        some = rng.choice(len(H), NUM_POSES, replace=False)
        try:
            found.append(solve_hand_eye(H[some], C[some], T_half=BOARD.T_half).T_hand_cam)
        except QualityGateError:
            refused += 1
    T = np.stack(found)

    def off_mm(place):
        return 1000 * np.linalg.norm(T[:, :3, 3] - place, axis=1)

    turns = np.rad2deg(rotation_angle(T[:, :3, :3], full.T_hand_cam[:3, :3]))
    reference_mm = off_mm(REFERENCE_M)
    told = {
        "poses": len(H),
        "rms_px": round(views.rms_px, 3),
        "rms_mm": round(full.rms_mm, 3),
        "rms_deg": round(full.rms_deg, 3),
        "num_used": int(full.is_used.sum()),
        "num_turned": int(full.is_turned.sum()),
        "all_to_reference_mm": round(
            1000 * float(np.linalg.norm(full.T_hand_cam[:3, 3] - REFERENCE_M)), 3
        ),
        "draws": NUM_DRAWS,
        "poses_a_draw": NUM_POSES,
        "refused": refused,
        "to_reference_mm": percentiles(reference_mm),
        "to_all_mm": percentiles(off_mm(full.T_hand_cam[:3, 3])),
        "to_all_deg": percentiles(turns),
        "share_within_5mm_and_0.5deg": round(
            float(((reference_mm <= 5) & (turns <= 0.5)).sum() / NUM_DRAWS), 3
        ),
    }
    write_text(out, json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
