"""The C++ backend: a torch function around the kernel, and a numpy call without torch."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.geometry.arrays import Colour, SplatArrays, SplatImages

from ._build import load_kernel

FloatArray = NDArray[np.float32]


def _address(array: FloatArray) -> int:
    return array.ctypes.data


def forward(
    splats: SplatArrays,
    T_cam_world: FloatArray,
    K: FloatArray,
    width: int,
    height: int,
    background_rgb: Colour,
    num_threads: int,
) -> SplatImages:
    """Composite once.

    Args:
        splats: contiguous float32 means (g, 3), quats_wxyz (g, 4), scales (g, 2), opacities (g,),
            rgb (g, 3).
        T_cam_world: (4, 4).
        K: (3, 3) for pixel centres at integers.
        width: of the image, pixels.
        height: of the image, pixels.
        background_rgb: (3,).
        num_threads: at least 1.

    Returns:
        rgb (h, w, 3); alpha, accumulated depth, accumulated squared depth and median depth (h, w).
    """
    rgb = np.empty((height, width, 3), np.float32)
    alpha, depth, square, median = (np.empty((height, width), np.float32) for _ in range(4))
    images = (rgb, alpha, depth, square, median)
    seen = (*map(_address, splats), _address(T_cam_world), _address(K), width, height)
    load_kernel().xsim_render_forward(
        len(splats[0]), *seen, _address(background_rgb), num_threads, *map(_address, images)
    )
    return images


class CppRender(torch.autograd.Function):
    """Differentiable in the splats; the camera and the background are constants."""

    @staticmethod
    def forward(
        ctx: Any,
        means: Tensor,
        quats: Tensor,
        scales: Tensor,
        opacities: Tensor,
        rgb: Tensor,
        screen: Tensor | None,
        camera: tuple[Any, ...],
        background: Tensor,
        num_threads: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """See ``forward`` above; ``camera`` is (T_cam_world, K, width, height)."""
        splats = as_splats((means, quats, scales, opacities, rgb))
        T_cam_world, K, width, height = camera
        out = forward(splats, T_cam_world, K, width, height, as_float32(background), num_threads)
        ctx.splats, ctx.camera, ctx.num_threads, ctx.images = splats, camera, num_threads, out[:4]
        ctx.has_screen = screen is not None
        rgb_out, alpha, depth, square, median = (torch.from_numpy(a) for a in out)
        ctx.mark_non_differentiable(median)
        return rgb_out, alpha, depth, square, median

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the splats, and of their screen positions in pixels where asked for."""
        n = len(ctx.splats[0])
        d_splats = [np.zeros_like(s) for s in ctx.splats]
        d_screen = np.zeros((n, 2), np.float32)
        T_cam_world, K, width, height = ctx.camera
        d_images = [as_float32(g) for g in grads[:4]]
        seen = (*map(_address, ctx.splats), _address(T_cam_world), _address(K), width, height)
        arrays = (*ctx.images, *d_images, *d_splats, d_screen)
        load_kernel().xsim_render_backward(n, *seen, ctx.num_threads, *map(_address, arrays))
        screen = torch.from_numpy(d_screen) if ctx.has_screen else None
        return (*(torch.from_numpy(d) for d in d_splats), screen, None, None, None)


def as_splats(tensors: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> SplatArrays:
    """What ``forward`` takes, of Gaussians' fields in order."""
    means, quats_wxyz, scales, opacities, rgb = tensors
    scene = as_float32(means), as_float32(quats_wxyz), as_float32(scales)
    return *scene, as_float32(opacities), as_float32(rgb)


def as_float32(values: Any) -> FloatArray:
    """A contiguous float32 array of a tensor or array, without a copy where it is one already."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.ascontiguousarray(values, dtype=np.float32)
