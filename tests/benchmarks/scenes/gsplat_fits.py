"""The posed photos of a finished run, and rooms fitted to them by either rasteriser."""

import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from xsim_core.artifacts import PosedImages
from xsim_core.runs import load_record
from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.splat import SplatConfig
from xsim_core.splat.train import Trainer, bilinear, evaluate_views, train_splat
from xsim_core.splat.views import load_views
from xsim_core.storage import ArtifactStore

ARRAYS = (
    "images",
    "T_world_cam",
    "K",
    "photo_index",
    "is_held_out",
    "points_world",
    "points_rgb",
)
FITS = (
    # width, iterations, Gaussians at the start, at most, seeds
    (160, 1500, 5000, 12_000, (0, 1, 2)),
    (320, 1500, 10_000, 40_000, (0,)),
)
LARGE = ((100_000, 20), (1_000_000, 10))
"""Gaussians, and iterations of training with as many at the photos' full size."""


def open_photos(path, folder):
    """The photos as an artifact in a store of its own."""
    store = ArtifactStore(folder.as_uri())
    arrays = read_arrays(path)
    writer = store.begin("posed_images", "0" * 24)
    writer.write_all(arrays)
    n = len(arrays["images"])
    summary = PosedImages(
        num_images=n, num_photos=n, reprojection_error_px=0.4, board_rms_mm=0.2, num_board_images=n
    )
    return store.open(
        store.commit(
            writer, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
        )
    )


def fit(views, config, num_threads):
    """Train once; what the held-out photos say of it."""
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        model = train_splat(
            views,
            config=config,
            scratch=Path(scratch),
            num_threads=num_threads,
            progress=lambda *_: None,
        )
    wall = time.perf_counter() - start
    _, psnr, ssim = evaluate_views(model, views, backend=config.backend, num_threads=num_threads)
    # The same Gaussians seen by the other rasteriser, which later stages use.
    renders, by_cpp, _ = evaluate_views(model, views, backend="cpp", num_threads=num_threads)
    depths = [
        bilinear(torch.from_numpy(out.depth_m), torch.from_numpy(v.points_px)).numpy()
        / v.points_depth_m
        - 1
        for out, v in zip(renders, views.held_out, strict=True)
    ]
    return {
        "backend": config.backend,
        "seed": config.seed,
        "width": views.camera.width,
        "height": views.camera.height,
        "iterations": config.num_iters,
        "spread_weight": config.spread_weight,
        "gaussians": len(model),
        "psnr_db": round(float(psnr.mean()), 3),
        "ssim": round(float(ssim.mean()), 4),
        "depth_error_percent": round(100 * float(np.median(np.abs(np.concatenate(depths)))), 3),
        "psnr_by_cpp_db": round(float(by_cpp.mean()), 3),
        "wall_s": round(wall, 2),
        "ms_per_iteration": round(1e3 * wall / config.num_iters, 2),
        "device_mb": round(torch.cuda.max_memory_allocated() / 1e6, 1),
    }


def large_fits(images, num_threads):
    """What an iteration costs at the sizes of the preset ``full``; too few for a room."""
    views = load_views(images, image_width=1280)
    torch.set_num_threads(1)  # as train_splat does
    for n, iterations in LARGE:
        config = SplatConfig(
            backend="gsplat", num_iters=iterations, num_init=n, max_gaussians=n, grow_every=10**6
        )
        torch.cuda.reset_peak_memory_stats()
        with tempfile.TemporaryDirectory() as scratch:
            trainer = Trainer(views, config, num_threads, Path(scratch))
            trainer.step(0)
            start = time.perf_counter()
            for i in range(1, iterations):
                trainer.step(i)
            wall = time.perf_counter() - start
        yield {
            "gaussians": len(trainer.model),
            "width": views.camera.width,
            "height": views.camera.height,
            "ms_per_iteration": round(1e3 * wall / (iterations - 1), 1),
            "device_mb": round(torch.cuda.max_memory_allocated() / 1e6, 1),
        }


def all_fits(images, num_threads):
    """Both backends, seed by seed, so that what is cut short is cut short of whole pairs."""
    for width, iterations, first, most, seeds in FITS:
        views = load_views(images, image_width=width)
        for seed in seeds:
            spreads = (0.4, 0.0) if (width, seed) == (160, 0) else (0.4,)
            for spread, backend in itertools.product(spreads, ("gsplat", "cpp")):
                config = SplatConfig(
                    backend=backend,
                    num_iters=iterations,
                    num_init=first,
                    max_gaussians=most,
                    spread_weight=spread,
                    seed=seed,
                )
                yield fit(views, config, num_threads)


def pack(home, run, path):
    """The posed photos of a finished run as one file."""
    store = ArtifactStore((Path(home).absolute() / "store").as_uri())
    opened = store.open(load_record(store, run).stages["scan"])
    write_arrays(path, {n: np.asarray(opened.array(n)) for n in ARRAYS})
