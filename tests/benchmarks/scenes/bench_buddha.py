"""A real room from ordinary photos: registration, then what splats make of the photos held out.

    python -m tests.benchmarks.scenes.bench_buddha OUT.json [WORK] [--iters N …] [--spread W …]

``photos_buddha`` (67 grey photos of 1368x770, automatic exposure) through structure from motion as
``scan`` runs it; the cameras against the published matrices; and the fit that ``splat`` runs, at
342x192, judged on every eighth photo. Minutes of two cores; what was found lies in WORK, from which
an interrupted run goes on; fits are added to OUT. ``--spread`` is the weight of the regulariser of
depth along a ray. No mesh and no table: nothing tells metres in these photos.
"""

import argparse
import itertools
import json
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from tests.scan.test_real_photos import BUDDHA, published_camera
from xsim_core.artifacts import PosedImages
from xsim_core.geometry import rotation_angle
from xsim_core.scan.align import apply_similarity, fit_similarity
from xsim_core.scan.scan import undistorted
from xsim_core.scan.sfm import run_sfm
from xsim_core.scratch import write_text
from xsim_core.splat.config import SplatTraining
from xsim_core.splat.train import evaluate_views, train_splat
from xsim_core.splat.views import load_views
from xsim_core.storage import ArtifactStore

WIDTH = 342
THREADS = 2


def photos():
    """Names, and the photos (67, 770, 1368, 3)."""
    files = sorted((BUDDHA / "images").glob("*.jpg"))
    return [f.stem for f in files], np.stack([cv2.imread(str(f)) for f in files])


def cpu_s():
    """Of this process and its children."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def against_published(model, names):
    """Distances of the cameras from the published ones, over the radius of their ring."""
    cameras = [
        published_camera(BUDDHA / "projection" / f"{names[i]}_P.txt") for i in model.photo_index
    ]
    centres, R_world_cam = (np.stack(values) for values in zip(*cameras, strict=True))
    R_sfm_cam = np.swapaxes(model.T_cam_sfm[:, :3, :3], 1, 2)
    found_sfm = -(R_sfm_cam @ model.T_cam_sfm[:, :3, 3:])[..., 0]
    found = apply_similarity(model.T_cam_sfm, *fit_similarity(found_sfm, centres))
    radius = np.linalg.norm(centres - centres.mean(0), axis=1).mean()
    off = np.linalg.norm(found[:, :3, 3] - centres, axis=1) / radius
    turned = np.degrees(rotation_angle(found[:, :3, :3], R_world_cam))
    return {
        "centre_off_median_of_ring": round(float(np.median(off)), 5),
        "centre_off_max_of_ring": round(float(off.max()), 5),
        "turned_median_deg": round(float(np.median(turned)), 3),
        "turned_max_deg": round(float(turned.max()), 3),
    }


def register(work, features):
    """The model, and what registering took."""
    names, images = photos()
    settings = {
        "max_num_features": features,
        "camera_params": None,
        "num_threads": THREADS,
        "seed": 0,
    }
    began, cpu = time.perf_counter(), cpu_s()
    model = run_sfm(
        images, work / "sfm", settings=settings, timeout_s=3600, progress=lambda *_: None
    )
    missing = [n for i, n in enumerate(names) if i not in set(model.photo_index.tolist())]
    return (
        model,
        images,
        {
            "photos": len(images),
            "registered": len(model.photo_index),
            "left_out": missing,
            "features": features,
            "points": len(model.points_sfm),
            "reprojection_px": round(model.reprojection_error_px, 3),
            "wall_s": round(time.perf_counter() - began, 1),
            "cpu_s": round(cpu_s() - cpu, 1),
            **against_published(model, names),
        },
    )


def posed(model, images, work):
    """The photos as ``scan`` would leave them, in the solver's own frame and unit."""
    flat, camera = undistorted(images, model)
    store = ArtifactStore(Path(tempfile.mkdtemp(dir=work)).as_uri())
    writer = store.begin("posed_images", "0" * 24)
    writer.write_all(
        {
            "images": flat,
            "T_world_cam": np.linalg.inv(model.T_cam_sfm),
            "K": camera.K,
            "photo_index": model.photo_index,
            "is_held_out": np.arange(len(flat)) % 8 == 4,
            "points_world": model.points_sfm.astype(np.float32),
            "points_rgb": model.points_rgb,
        }
    )
    summary = PosedImages(
        num_images=len(flat),
        num_photos=len(images),
        reprojection_error_px=model.reprojection_error_px,
        board_rms_mm=None,
        num_board_images=0,
    )
    ref = store.commit(
        writer, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )
    return store.open(ref, PosedImages)


def fit(views, config, work):
    """One training; the PSNR as the stage counts it, and with each photo's best gain."""
    began, cpu = time.perf_counter(), cpu_s()
    model = train_splat(
        views, config=config, scratch=work, progress=lambda *_: None, num_threads=THREADS
    )
    wall, used = time.perf_counter() - began, cpu_s() - cpu
    renders, psnr, ssim = evaluate_views(model, views, num_threads=THREADS)
    gained = []
    for out, view in zip(renders, views.held_out, strict=True):
        rgb = np.clip(out.rgb, 0, 1)
        gain = (rgb * view.rgb).sum() / (rgb**2).sum()
        gained.append(-10 * np.log10(((np.clip(gain * rgb, 0, 1) - view.rgb) ** 2).mean()))
    return {
        **config.model_dump(
            include={"num_iters", "num_init", "max_gaussians", "spread_weight", "seed"}
        ),
        "gaussians": len(model),
        "psnr_db": round(float(psnr.mean()), 2),
        "psnr_worst_db": round(float(psnr.min()), 2),
        "psnr_with_best_gain_db": round(float(np.mean(gained)), 2),
        "ssim": round(float(ssim.mean()), 4),
        "wall_s": round(wall, 1),
        "cpu_s": round(used, 1),
    }


def main():
    """Registration once, then a fit for each number of iterations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("work", type=Path, nargs="?")
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--iters", type=int, nargs="+", default=[1500])
    parser.add_argument("--gaussians", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--spread", type=float, nargs="+", default=[0.4])
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    made = json.loads(options.out.read_text()) if options.out.exists() else {}
    model, images, registered = register(work, options.features)
    views = load_views(posed(model, images, work), image_width=options.width)
    # Registered before, it only took what reading takes.
    made = {"registration": registered, "fits": []} | made
    for iters, spread in itertools.product(options.iters, options.spread):
        config = SplatTraining(
            num_iters=iters, max_gaussians=options.gaussians, spread_weight=spread
        )
        scratch = work / f"fit_{iters}_{options.gaussians}_{spread}_{options.width}"
        scratch.mkdir(exist_ok=True)
        made["fits"].append({"width": options.width, **fit(views, config, scratch)})
        print(json.dumps(made["fits"][-1]), flush=True)
        write_text(options.out, json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
