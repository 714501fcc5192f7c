"""The stage ``splat``: from posed photos to Gaussians, a mesh and collision geometry."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import PosedImages, SplatScene
from xsim_core.device import device_memory, take_gpu
from xsim_core.errors import QualityGateError
from xsim_core.geometry.gaussian_ply import encode_ply
from xsim_core.rasterize import SH_C0, Gaussians2D, render_numpy
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .collision import SupportPlane, collision_pieces, fit_support_plane
from .config import SplatConfig
from .mesh import DepthView, Mesh, fuse_mesh
from .model import SplatModel
from .pictures import held_out_png, mesh_png
from .train import background_rgb, evaluate_views, train_splat
from .views import PosedViews, load_views

MAX_PICTURES = 4
ONE_VIEWPOINT = (
    "all images are of one viewpoint: held-out PSNR and SSIM say how well that view is kept, not "
    "how others look; the mesh ends where the camera did not look"
)


def fit_scene(
    images: OpenArtifact[PosedImages], *, config: SplatConfig, out: ArtifactWriter
) -> SplatScene:
    """Reconstruct the room.

    Raises:
        BadInputError: for too few photos or points.
        QualityGateError: when held-out photos are not reproduced or no table is found.
    """
    views = load_views(images, image_width=config.image_width)
    # Cheap, and fails early: a scan without a table need not be trained on.
    plane = fit_support_plane(views.points_world, config=config.collision)
    threads = max(1, out.runtime.num_workers)
    if config.backend == "gsplat":
        take_gpu(out.runtime.device)
    with device_memory("the GPU", f"splat.image_width below {config.image_width}"):
        model = train_splat(
            views,
            config=config,
            scratch=out.scratch(),
            num_threads=threads,
            progress=lambda fraction, figures: out.progress(0.9 * fraction, figures),
        )
    psnr_db, ssim = _judge(model, views, config, out)
    gaussians = model.gaussians()
    depth_views = _depth_views(gaussians, views, config, threads)
    mesh = fuse_mesh(depth_views, views.camera, config=config.mesh)
    out.progress(0.98, {"psnr_db": psnr_db, "ssim": ssim, "gaussians": float(len(model))})
    _write(out, gaussians, mesh, plane, views, config)
    return SplatScene(
        num_gaussians=len(model),
        psnr_db=round(psnr_db, 3),
        ssim=round(ssim, 4),
        table_height_m=plane.height_m,
        table_tilt_rad=plane.tilt_rad,
        mesh_num_faces=len(mesh.faces),
        is_one_viewpoint=views.is_one_viewpoint,
        notes=(ONE_VIEWPOINT,) if views.is_one_viewpoint else (),
    )


def _judge(
    model: SplatModel, views: PosedViews, config: SplatConfig, out: ArtifactWriter
) -> tuple[float, float]:
    """Held-out PSNR and SSIM; leaves the pictures behind even when the gate refuses."""
    renders, psnr, ssim = evaluate_views(
        model, views, backend=config.backend, num_threads=max(1, out.runtime.num_workers)
    )
    chosen = np.unique(np.linspace(0, len(renders) - 1, MAX_PICTURES).round().astype(int))
    for k, i in enumerate(chosen):
        rendered = np.clip(renders[i].rgb, 0, 1)
        out.add_file(f"heldout_{k:02d}.png", held_out_png(views.held_out[i].rgb, rendered))
    if psnr.mean() < config.min_psnr_db:
        raise QualityGateError(
            f"held-out PSNR {psnr.mean():.1f} dB is below {config.min_psnr_db} dB (worst photo "
            f"{psnr.min():.1f}). Check the scan's reprojection error, take sharper photos from "
            "more places, or lower SplatConfig.min_psnr_db."
        )
    return float(psnr.mean()), float(ssim.mean())


def _depth_views(
    gaussians: Gaussians2D, views: PosedViews, config: SplatConfig, num_threads: int
) -> Iterator[DepthView]:
    camera = views.camera
    # gsplat knows the depth of discs' centres alone; a surface is where the rays meet them.
    backend = "cpp" if config.backend == "gsplat" else config.backend
    for view in views.train:
        seen = render_numpy(
            gaussians,
            view.T_cam_world,
            camera.K,
            camera.width,
            camera.height,
            backend=backend,
            num_threads=num_threads,
        )
        # The expected depth is smooth where the median jumps from disc to disc; where depth
        # spreads, the ray passes an edge and the expectation lies between two surfaces.
        solid = (seen.alpha > 0.5) & (seen.depth_variance_m2 < 0.03**2)
        depth_m = np.where(solid, seen.depth_m, 0).astype(np.float32)
        yield DepthView(view.T_cam_world, seen.rgb, depth_m)


def _write(
    out: ArtifactWriter,
    gaussians: Gaussians2D,
    mesh: Mesh,
    plane: SupportPlane,
    views: PosedViews,
    config: SplatConfig,
) -> None:
    arrays = splat_arrays(gaussians)
    pieces = collision_pieces(mesh, plane, config=config.collision)
    out.write_all(arrays)
    out.write_all({"vertices": mesh.vertices, "faces": mesh.faces, "rgb": mesh.rgb}, prefix="mesh")
    ends = np.cumsum([len(p) for p in pieces]).astype(np.int64)
    out.write_all({"vertices": np.concatenate(pieces), "piece_ends": ends}, prefix="collision")
    out.write("background_rgb", background_rgb(views))
    out.add_file("scene.ply", encode_ply(arrays))
    out.add_file("mesh.png", mesh_png(mesh, views.camera, views.held_out[0].T_cam_world))


def splat_arrays(gaussians: Gaussians2D) -> dict[str, NDArray[np.float32]]:
    """The Gaussians as the arrays of a ``SplatScene``; quaternions normalised."""
    means, quats, scales, opacities, rgb = (t.detach().cpu().numpy() for t in gaussians.tensors)
    return {
        "means": means,
        "quats_wxyz": quats / np.linalg.norm(quats, axis=1, keepdims=True),
        "scales": scales,
        "opacities": opacities,
        "sh0": np.asarray((rgb - 0.5) / SH_C0, np.float32),
    }
