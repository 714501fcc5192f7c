"""The truth: every splat against every pixel in plain torch, differentiated by autograd."""

import torch
from torch import Tensor

from xsim_core.geometry.tensors import (
    CameraMatrix,
    Colour,
    ScreenShifts,
    SplatImages,
    Splats,
    Transform,
)

# The same cut-offs as the kernel's; see there for why.
NEAR_M, MIN_ALPHA, MAX_ALPHA, MIN_T, LOWPASS = 0.02, 1 / 255, 0.999, 1e-4, 2.0


def quat_wxyz_to_axes(quats_wxyz: Tensor) -> tuple[Tensor, Tensor]:
    """The first two columns (g, 3) of the rotations of unnormalised quaternions (g, 4)."""
    w, x, y, z = (quats_wxyz / quats_wxyz.norm(dim=-1, keepdim=True)).unbind(-1)
    a = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], -1)
    b = torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], -1)
    return a, b


def render_dense(
    splats: Splats,
    screen: ScreenShifts | None,
    T_cam_world: Transform,
    K: CameraMatrix,
    width: int,
    height: int,
    background_rgb: Colour,
) -> SplatImages:
    """Rgb (h, w, 3); alpha, accumulated depth, its square, and median depth (h, w) each.

    Memory grows with splats times pixels: a few hundred splats at most.
    """
    M, centre, opacities, rgb = _projected(splats, screen, T_cam_world, K)
    v_pix, u_pix = torch.meshgrid(
        torch.arange(height, dtype=M.dtype), torch.arange(width, dtype=M.dtype), indexing="ij"
    )
    pix = torch.stack([u_pix, v_pix], -1).reshape(-1, 1, 2)
    h_u = pix[..., :1] * M[:, 2] - M[:, 0]  # (pixels, g, 3)
    h_v = pix[..., 1:] * M[:, 2] - M[:, 1]
    c = torch.linalg.cross(h_u, h_v)
    edge_on = c[..., 2].abs() < 1e-30
    uv = c[..., :2] / torch.where(edge_on, 1.0, c[..., 2])[..., None]
    rho3 = (uv**2).sum(-1)
    rho2 = LOWPASS * ((pix - centre) ** 2).sum(-1)
    on_disc = (rho3 <= rho2) & ~edge_on
    rho = torch.where(on_disc, rho3, rho2)
    z = torch.where(on_disc, (uv * M[:, 2, :2]).sum(-1) + M[:, 2, 2], M[:, 2, 2])
    raw = opacities * torch.exp(-0.5 * rho)
    hit = (raw > MIN_ALPHA) & (z > NEAR_M)
    alpha = torch.where(hit, raw.clamp(max=MAX_ALPHA), 0.0)
    T_after = torch.cumprod(1 - alpha, 1)
    T_before = torch.cat([torch.ones_like(T_after[:, :1]), T_after[:, :-1]], 1)
    going = T_before >= MIN_T
    w = torch.where(going, T_before * alpha, 0.0)
    alpha_out = w.sum(1)
    rgb_out = w @ rgb + (1 - alpha_out)[:, None] * background_rgb
    deepest = torch.where(hit & (T_before > 0.5), T_before, 2.0)
    median = torch.where((deepest < 2).any(1), z.gather(1, deepest.argmin(1)[:, None])[:, 0], 0.0)
    hw = (height, width)
    return (
        rgb_out.reshape(*hw, 3),
        alpha_out.reshape(hw),
        (w * z).sum(1).reshape(hw),
        (w * z * z).sum(1).reshape(hw),
        median.detach().reshape(hw),
    )


def _projected(
    splats: Splats, screen: ScreenShifts | None, T_cam_world: Transform, K: CameraMatrix
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Front to back: discs to pixels (g, 3, 3), centres (g, 2), opacities (g,), rgb (g, 3)."""
    means, quats, scales, opacities, rgb = splats
    R, t = T_cam_world[:3, :3], T_cam_world[:3, 3]
    p = means @ R.T + t
    keep = (p[:, 2] > NEAR_M) & (opacities > MIN_ALPHA)
    order = torch.argsort(p[:, 2].detach(), stable=True)
    order = order[keep[order]]
    a, b = quat_wxyz_to_axes(quats)
    cols = torch.stack([(a @ R.T) * scales[:, :1], (b @ R.T) * scales[:, 1:], p], -1)[order]
    M = K @ cols  # (g, 3, 3), rows x z, y z, z
    opacities, rgb = opacities[order], rgb[order]
    centre = M[:, :2, 2] / M[:, 2:, 2]
    if screen is not None:
        # Moving a splat by pixels at its own depth.
        shift = torch.zeros_like(M)
        shift[:, :2, 2] = screen[order] * M[:, 2:, 2].detach()
        M, centre = M + shift, centre + screen[order]
    return M, centre, opacities, rgb
