"""The CUDA backend: gsplat's kernels for 2D Gaussians behind our signature."""

from typing import Any

import torch
from torch import Tensor

from xsim_core.errors import MissingDependencyError
from xsim_core.geometry.tensors import (
    CameraMatrix,
    Colour,
    ScreenShifts,
    SplatImages,
    Splats,
    Transform,
)

from ._reference import NEAR_M

TILE = 16
REACH_PX = 2.4
"""Where the low-pass of an opaque splat falls under 1/255: sqrt(log 255), rounded up."""
MARGIN_PX = 3
"""Of the view that discs are projected into: gsplat drops those whose box, without the low-pass,
lies outside."""


def render_gsplat(
    splats: Splats,
    screen: ScreenShifts | None,
    T_cam_world: Transform,
    K: CameraMatrix,
    width: int,
    height: int,
    background_rgb: Colour,
) -> SplatImages:
    """As ``render_dense``, on the CUDA device; results stay there.

    One difference is left: a splat's depth is that of its centre wherever a ray meets it, so
    depth, its square and its median agree where discs are small beside their distance.

    Raises:
        MissingDependencyError: without gsplat or without a CUDA device.
    """
    gsplat = _import_gsplat()
    device = torch.device("cuda")
    means, quats, scales, opacities, rgb = (t.to(device, torch.float32) for t in splats)
    camera = (T_cam_world.to(device, torch.float32), K.to(device, torch.float32))
    radii, box_centre, z_centre, M, normals = _projected(
        gsplat, (means, quats, scales), camera, (width, height)
    )
    if screen is not None:
        M = M + _moved_by(screen.to(device, torch.float32), M)
    z = M[..., 2, 2]
    centre = M[..., :2, 2] / z[..., None]
    tiles = _tiles(gsplat, radii, box_centre, centre, z_centre, (width, height))
    # Eight channels, of which the last is the depth that the median is taken of; gsplat would fill
    # up five with memory as it lies there.
    depths = torch.stack([z**2, *[torch.zeros_like(z)] * 3, z], -1)
    channels = torch.cat([rgb[None], depths], -1)
    images, alphas, _, _, median = gsplat.rasterize_to_pixels_2dgs(
        centre,
        M,
        channels,
        opacities[None],
        normals,
        torch.zeros_like(centre),
        width,
        height,
        TILE,
        *tiles,
    )
    alpha, image = alphas[0, ..., 0], images[0]
    background = background_rgb.to(device, torch.float32)
    rgb_out = image[..., :3] + (1 - alpha)[..., None] * background
    return rgb_out, alpha, image[..., 7], image[..., 3], median[0, ..., 0].detach()


def _projected(
    gsplat: Any, discs: tuple[Tensor, ...], camera: tuple[Tensor, Tensor], size: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Boxes' radii and centres, depths, projections (1, g, 3, 3) and normals of discs."""
    means, quats, scales = discs
    T_cam_world, K = camera
    # gsplat's discs live in a 3-column scale whose third entry is unused.
    scales = torch.cat([scales, torch.ones_like(scales[:, :1])], -1)
    K = K.clone()
    K[:2, 2] += 0.5 + MARGIN_PX  # gsplat's pixel centres are half integers
    quats = quats / quats.norm(dim=-1, keepdim=True)
    wide = [pixels + 2 * MARGIN_PX for pixels in size]
    radii, box_centre, z_centre, M, normals = gsplat.fully_fused_projection_2dgs(
        means, quats, scales, T_cam_world[None], K[None], *wide, near_plane=NEAR_M
    )
    # What is not seen was left unwritten: it could be any number, and no number.
    M = torch.where(_is_seen(radii)[..., None, None], M, torch.eye(3, device=M.device))
    M = torch.cat([M[..., :2, :] - MARGIN_PX * M[..., 2:, :], M[..., 2:, :]], -2)
    return radii, box_centre - MARGIN_PX, z_centre, M, normals


def _is_seen(radii: Tensor) -> Tensor:
    return (radii > 0).all(-1)


def _moved_by(screen: Tensor, M: Tensor) -> Tensor:
    """What moves discs (1, g, 3, 3) by pixels (g, 2) at their own depth."""
    column = torch.cat([screen, torch.zeros_like(screen[:, :1])], -1) * M[0, :, 2:, 2].detach()
    return torch.nn.functional.pad(column[None, ..., None], (2, 0))


@torch.no_grad()
def _tiles(
    gsplat: Any,
    radii: Tensor,
    box_centre: Tensor,
    centre: Tensor,
    z: Tensor,
    size: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Which splats touch which tile, front to back: gsplat's offsets and ids.

    gsplat's own box holds the disc alone. A disc smaller than a pixel would be cut off at the
    border of its tile, where its low-pass still shines into the next.
    """
    low = torch.minimum(box_centre - radii, centre - REACH_PX)
    high = torch.maximum(box_centre + radii, centre + REACH_PX)
    half = torch.where(_is_seen(radii)[..., None], ((high - low) / 2).ceil().to(radii.dtype), 0)
    columns, rows = (-(-pixels // TILE) for pixels in size)
    middle = (low + high) / 2
    _, pairs, ids = gsplat.isect_tiles(middle, half, z, TILE, columns, rows)
    return gsplat.isect_offset_encode(pairs, 1, columns, rows).reshape(1, rows, columns), ids


def _import_gsplat() -> Any:
    if not torch.cuda.is_available():
        raise MissingDependencyError(
            "backend 'gsplat' needs a CUDA device, and torch sees none. Use backend='cpp'."
        )
    try:
        import gsplat  # pyright: ignore[reportMissingImports] # the extra xsim[gpu]
    except ImportError as error:
        raise MissingDependencyError(
            "backend 'gsplat' needs the package gsplat: pip install 'xsim[gpu]'."
        ) from error
    return gsplat
