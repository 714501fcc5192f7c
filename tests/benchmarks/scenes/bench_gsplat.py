"""The CUDA rasteriser beside the C++ one: ``python -m tests.benchmarks.scenes.bench_gsplat``.

On a machine with a CUDA device: how well gradients agree with the float64 oracle, what forward and
backward cost, what memory they take, and what the same photos fitted by each backend come to. The
photos are those of a finished ``make demo`` (``--home``), or an ``.npz`` that ``--pack`` made of
them elsewhere. What is measured is written as it is measured.
"""

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.scenes.gsplat_fits import all_fits, large_fits, open_photos, pack
from tests.rasterize.test_render import FIELDS, T_CAM_WORLD, random_gaussians, run_with_gradients
from xsim_core.geometry import PinholeCamera
from xsim_core.rasterize import Gaussians2D, render

SIZES = (
    (5000, 160, 120),
    (12_000, 160, 120),
    (12_000, 640, 480),
    (100_000, 640, 480),
    (100_000, 1280, 960),
    (1_000_000, 1280, 960),
)
MAX_CPP = 100_000


def machine():
    """Names and versions."""
    import gsplat  # pyright: ignore[reportMissingImports]

    return {
        "gpu": torch.cuda.get_device_name(0),
        "torch": torch.__version__,
        "gsplat": gsplat.__version__,
        "python": platform.python_version(),
        "cpu_cores": os.cpu_count(),
    }


def build():
    """Seconds that gsplat takes to load its kernels, which it compiles when it never did."""
    start = time.perf_counter()
    from gsplat.cuda._backend import _C  # pyright: ignore[reportMissingImports]

    if _C is None:
        raise SystemExit("gsplat found no CUDA toolkit: put nvcc on the PATH.")
    return round(time.perf_counter() - start, 1)


def agreement(largest_m, seed):
    """Worst errors against the float64 oracle: of images, and of gradients over their largest."""
    w, h = 50, 37
    K = PinholeCamera.from_fov(w, h, 1.0).K
    gaussians = random_gaussians(90, seed, largest_m=largest_m)
    # Of depth gsplat means something else where discs are large.
    images = ("rgb", "alpha")
    truth, expected = run_with_gradients(
        gaussians, "reference", torch.float64, K, w, h, images=images
    )
    found = {}
    for backend in ("cpp", "gsplat"):
        out, actual = run_with_gradients(gaussians, backend, torch.float32, K, w, h, images=images)
        errors = {
            n: float((getattr(out, n).detach().cpu().double() - getattr(truth, n)).abs().max())
            for n in ("rgb", "alpha", "depth_m", "median_depth_m", "depth_variance_m2")
        }
        for name, a, b in zip((*FIELDS, "screen"), actual, expected, strict=True):
            errors[f"d_{name}"] = float((a.double() - b).abs().max() / b.abs().max().clamp(1e-9))
        found[backend] = errors
    return {"largest_m": largest_m, "seed": seed, **found}


def cloud(n, device):
    """As many discs as cover the view about equally, whatever their number."""
    rng = np.random.default_rng(0)
    scale = 1.2 / np.sqrt(n)
    arrays = (
        rng.uniform(-0.6, 0.6, (n, 3)),
        rng.normal(size=(n, 4)),
        scale * rng.uniform(0.5, 1.5, (n, 2)),
        rng.uniform(0.1, 0.9, n),
        rng.random((n, 3)),
    )
    return [torch.from_numpy(a.astype(np.float32)).to(device) for a in arrays]


def cost(n, width, height, backend, num_threads, repeats):
    """Milliseconds of forward and of backward (medians), and the device's memory at its peak."""
    device = "cuda" if backend == "gsplat" else "cpu"
    K, leaves = PinholeCamera.from_fov(width, height, 1.0).K, cloud(n, device)
    leaves = [t.requires_grad_() for t in leaves]
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    clocks = []
    for _ in range(repeats + 2):
        times = [time.perf_counter()]
        out = render(
            Gaussians2D(*leaves),
            T_CAM_WORLD,
            K,
            width,
            height,
            backend=backend,
            num_threads=num_threads,
        )
        torch.cuda.synchronize()
        times.append(time.perf_counter())
        (out.rgb.mean() + out.depth_m.mean()).backward()
        torch.cuda.synchronize()
        clocks.append(np.diff([*times, time.perf_counter()]))
    forward, backward = np.median(np.array(clocks[2:]) * 1e3, axis=0)
    memory = torch.cuda.max_memory_allocated() / 1e6
    return {
        "gaussians": n,
        "width": width,
        "height": height,
        "backend": backend,
        "threads": num_threads if backend == "cpp" else None,
        "forward_ms": round(float(forward), 3),
        "backward_ms": round(float(backward), 3),
        "device_mb": round(memory, 1) if backend == "gsplat" else None,
    }


def repeated():
    """Whether the same call answers the same bits, image and gradients."""
    K = PinholeCamera.from_fov(320, 240, 1.0).K
    answers = []
    for _ in range(2):
        leaves = [t.requires_grad_() for t in cloud(20_000, "cuda")]
        out = render(Gaussians2D(*leaves), T_CAM_WORLD, K, 320, 240, backend="gsplat")
        out.rgb.mean().backward()
        answers.append([out.rgb.detach(), *(t.grad for t in leaves)])
    (image, *grads), (again, *grads_again) = answers
    pairs = zip(grads, grads_again, strict=True)
    worst = max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)
    return {"images_equal": bool(torch.equal(image, again)), "gradients_differ_by": worst}


class Report:
    """A JSON file that is whole after every figure."""

    def __init__(self, path):
        self.path = path
        self.found = json.loads(path.read_text()) if path.exists() else {}

    def put(self, name, value):
        self.found[name] = value
        self.path.write_text(json.dumps(self.found, indent=1) + "\n")
        print(name, json.dumps(value if not isinstance(value, list) else value[-1]), flush=True)

    def each(self, name, values):
        rows = []
        for value in values:
            rows.append(value)
            self.put(name, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".xsim", help="of a finished make demo")
    parser.add_argument("--run", default="demo", help="its name")
    parser.add_argument("--photos", type=Path, help="an .npz that --pack wrote, instead of --home")
    parser.add_argument("--pack", type=Path, help="write the photos of --home there, and stop")
    parser.add_argument("--out", type=Path, default=Path("gsplat.json"))
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the C++ backend")
    parser.add_argument("--only", nargs="*", help="these parts, beside what --out holds of others")
    asked = parser.parse_args()
    if asked.pack:
        pack(asked.home, asked.run, asked.pack)
        return
    if not torch.cuda.is_available():
        sys.exit("bench_gsplat needs a CUDA device, and torch sees none.")
    report = Report(asked.out)
    report.put("build_s", build())
    report.put("machine", machine())
    with tempfile.TemporaryDirectory() as folder:
        photos = asked.photos or Path(folder) / "photos.npz"
        if not asked.photos:
            pack(asked.home, asked.run, photos)
        images = open_photos(photos, Path(folder) / "store")
        parts = {
            "agreement": lambda: itertools.starmap(
                agreement, itertools.product((0.02, 0.4), (0, 1, 2))
            ),
            "repeated": lambda: [repeated()],
            "costs": lambda: costs(asked.threads),
            "large": lambda: large_fits(images, asked.threads),
            "fits": lambda: all_fits(images, asked.threads),
        }
        for name in asked.only or parts:
            report.each(name, parts[name]())


def costs(num_threads):
    """Both backends at every size; the C++ one where it takes seconds."""
    for n, width, height in SIZES:
        yield cost(n, width, height, "gsplat", 1, 20)
        for threads in sorted({1, num_threads}):
            if n <= MAX_CPP:
                yield cost(n, width, height, "cpp", threads, 3)


if __name__ == "__main__":
    main()
