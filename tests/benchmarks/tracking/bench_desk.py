"""The tracker on a real recording, beside small_gicp.

    python -m tests.benchmarks.tracking.bench_desk

The cube of ``desk_rgbd`` (640x480, from the true pose of its first frame) is followed at 30 and at
10 frames a second by the compiled inner loop, by its reference in NumPy, and by small_gicp's
PLANE_ICP from the model's visible points to the measured ones (``--gicp FOLDER``, into which
``pip install --no-deps --target FOLDER small_gicp`` put it). Rounds are interleaved; times are of
the CPU, one thread each, since the machine may be busy. Where the truth itself is good is told by
the depth measured at its poses: the frames in which the surface lies there within ``GOOD_M``.
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from tests.tracking.test_desk_recording import DESK, desk_frame, desk_truth
from xsim_core.capture.readers import read_mesh
from xsim_core.geometry import PinholeCamera
from xsim_core.tracking import OK, ObjectTracker, RayCaster, TrackerConfig, add_m, adds_m, auc

RATE_HZ = 30
GOOD_M = 0.005
"""The truth is said to be good to about that on slow frames, and to 1 to 3 cm on fast ones."""


class Ours:
    """The tracker with one of its engines."""

    def __init__(self, mesh, camera, engine):
        self.tracker = ObjectTracker(mesh, camera, TrackerConfig(engine=engine))

    def begin(self, T):
        self.tracker.set_pose(T, 0.0)

    def track(self, rgb, depth_m, time_s):
        found = self.tracker.track(rgb, depth_m, time_s)
        return found.T_cam_object, found.status == OK


class Gicp:
    """PLANE_ICP from the model's visible points at the last pose to what is measured around it."""

    def __init__(self, mesh, camera, library):
        self.library, self.caster, self.camera = library, RayCaster(mesh), camera

    def begin(self, T):
        self.T = T

    def track(self, rgb, depth_m, time_s):
        del rgb, time_s
        seen = self.caster.render(self.T, self.camera)
        roi = self.caster.project_roi(self.T, self.camera, 15)
        v, u = np.mgrid[roi.v0 : roi.v1, roi.u0 : roi.u1]
        z = depth_m[roi.slices].astype(float)
        use = (z > 0) & (np.abs(z - np.median(seen.points_cam[:, 2])) < 0.1)
        K = self.camera.K
        measured = np.stack([(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z], -1)[use]
        found = self.library.align(
            measured,
            seen.points_cam,
            np.eye(4),
            registration_type="PLANE_ICP",
            downsampling_resolution=0.003,
            max_correspondence_distance=0.02,
            num_threads=1,
        )
        self.T = found.T_target_source @ self.T
        return self.T, True


def followed(tracker, frames, truth, step):
    """Poses (t, 4, 4) of every ``step``-th frame, which are ok (t,), and CPU seconds a frame."""
    order = range(0, len(frames), step)
    tracker.begin(truth[0])
    began = time.process_time()
    found = [tracker.track(*frames[i], i / RATE_HZ) for i in order]
    cost_s = (time.process_time() - began) / len(order)
    return np.array([T for T, _ in found]), np.array([ok for _, ok in found]), cost_s


def depth_off_m(caster, camera, frames, T):
    """How far (t,) the measured surface lies from the rendered one, median of a frame's pixels."""
    off = []
    for (_, depth_m), pose in zip(frames, T, strict=True):
        there = caster.render(pose, camera)
        seen = there.at_hits(depth_m)
        gap = seen - there.points_cam[:, 2]
        off.append(np.median(np.abs(gap[(seen > 0) & (np.abs(gap) < 0.05)])))
    return np.array(off)


def table(rows):
    """For the documents."""
    head = (
        "", "frames a second of the film", "CPU a frame", "frames a second on one core", "not ok",
        "ADD AUC", "ADD-S AUC", "where the truth is good", "measured surface off by",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    names = {"cpp": "**X-Sim**", "reference": "its reference in NumPy", "small_gicp": "small_gicp"}
    for r in (row for row in rows if row["tracker"] in names):
        cells = [names[r["tracker"]], str(r["rate_hz"]), f"{r['cpu_ms']:.1f} ms"]
        cells += [f"{1000 / r['cpu_ms']:.0f}", f"{r['not_ok']} of {r['frames']}"]
        cells += [f"{r['add_auc']:.1f}", f"{r['adds_auc']:.1f}"]
        cells.append(f"{r['adds_auc_with_good_truth']:.1f} ({r['frames_with_good_truth']} frames)")
        cells.append(f"{r['depth_off_mm']:.1f} mm")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gicp", type=Path, help="folder with small_gicp")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    mesh, truth = read_mesh(DESK / "mesh" / "cube.obj"), desk_truth()
    camera = PinholeCamera(640, 480, np.loadtxt(DESK / "cam_K.txt"))
    frames = [desk_frame(i) for i in range(len(truth))]
    makers = {name: (lambda e=name: Ours(mesh, camera, e)) for name in ("cpp", "reference")}
    if args.gicp:
        sys.path.insert(0, str(args.gicp))
        library = importlib.import_module("small_gicp")
        makers["small_gicp"] = lambda: Gicp(mesh, camera, library)
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    caster, rows = RayCaster(mesh), []
    is_good = depth_off_m(caster, camera, frames, truth) < GOOD_M
    for step in (1, 3):
        costs, poses = {name: [] for name in makers}, {}
        for _ in range(args.rounds):
            for name, make in makers.items():
                *poses[name], cost_s = followed(make(), frames, truth, step)
                costs[name].append(cost_s)
        good, true = is_good[::step], truth[::step]
        for name, (T, ok) in poses.items():
            add, adds = add_m(T, true, points), adds_m(T, true, points)
            off = depth_off_m(caster, camera, frames[::step], T)
            cost_ms = 1000 * np.array(costs[name])
            rows.append(
                {
                    "tracker": name,
                    "rate_hz": RATE_HZ // step,
                    "frames": len(true),
                    "not_ok": int((~ok).sum()),
                    "cpu_ms": round(float(np.median(cost_ms)), 1),
                    "cpu_ms_rounds": cost_ms.round(1).tolist(),
                    "add_auc": round(auc(add), 2),
                    "adds_auc": round(auc(adds), 2),
                    "frames_with_good_truth": int(good.sum()),
                    "adds_auc_with_good_truth": round(auc(adds[good]), 2),
                    "depth_off_mm": round(1000 * float(np.median(off)), 2),
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    off = depth_off_m(caster, camera, frames, truth)
    rows.append({"tracker": "truth", "depth_off_mm": (1000 * off).round(1).tolist()})
    print(json.dumps(rows[-1]))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
