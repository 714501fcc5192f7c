"""Render 2D Gaussians: one signature over the C++, the reference and the gsplat backend."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from xsim_core.artifacts import SplatScene
from xsim_core.errors import BadInputError
from xsim_core.storage import OpenArtifact

from ._cpp import CppRender, as_float32, as_splats, forward
from ._gsplat import render_gsplat
from ._reference import render_dense

Image = TypeVar("Image", Tensor, NDArray[np.float32])
RasterBackend = Literal["cpp", "reference", "gsplat"]

SH_C0 = 0.28209479177387814
"""Value of the degree-0 real spherical harmonic, 1 / (2 sqrt(pi))."""


@dataclass(frozen=True)
class Gaussians2D:
    """Flat Gaussians in the world frame."""

    means: Tensor
    """(g, 3) metres."""
    quats_wxyz: Tensor
    """(g, 4); the disc spans the first two axes. Need not be normalised."""
    scales: Tensor
    """(g, 2) standard deviations, metres."""
    opacities: Tensor
    """(g,) in (0, 1)."""
    rgb: Tensor
    """(g, 3) in [0, 1]."""

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """All fields in order."""
        return self.means, self.quats_wxyz, self.scales, self.opacities, self.rgb

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields by name, as ``from_arrays`` takes them."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> "Gaussians2D":
        """The Gaussians of arrays named as the fields; others are left alone."""
        return Gaussians2D(*(torch.from_numpy(arrays[f.name]) for f in fields(Gaussians2D)))

    def __len__(self) -> int:
        return len(self.means)

    @staticmethod
    def from_colours(arrays: Mapping[str, NDArray[Any]]) -> "Gaussians2D":
        """Of arrays as a file has them, with ``sh0`` (g, 3) in place of ``rgb``."""
        rgb = np.clip(0.5 + SH_C0 * arrays["sh0"].astype(np.float32), 0, 1)
        # Copies: files are mapped to be read only, which torch does not know.
        own = {name: np.array(values) for name, values in arrays.items()}
        return Gaussians2D.from_arrays({**own, "rgb": rgb})

    @staticmethod
    def from_scene(scene: OpenArtifact[SplatScene]) -> "Gaussians2D":
        """The Gaussians of a reconstructed room, as float32 tensors on the CPU."""
        names = ("means", "quats_wxyz", "scales", "opacities")
        means, quats, scales, opacities = (
            torch.from_numpy(scene.array(n).astype(np.float32)) for n in names
        )
        rgb = np.clip(0.5 + SH_C0 * scene.array("sh0").astype(np.float32), 0, 1)
        return Gaussians2D(means, quats, scales, opacities, torch.from_numpy(rgb))


@dataclass(frozen=True)
class RenderOutput(Generic[Image]):
    """Images as tensors (``render``) or as numpy arrays (``render_numpy``)."""

    rgb: Image
    """(h, w, 3), over the background."""
    alpha: Image
    """(h, w) in [0, 1]."""
    depth_m: Image
    """(h, w) expected z-depth of what was hit; 0 where nothing was."""
    median_depth_m: Image
    """(h, w) z-depth where half of the light is stopped; carries no gradient."""
    depth_variance_m2: Image
    """(h, w) of what was hit along each ray: 0 for one opaque surface."""


def render(
    gaussians: Gaussians2D,
    T_cam_world: ArrayLike | Tensor,
    K: ArrayLike | Tensor,
    width: int,
    height: int,
    background_rgb: ArrayLike | Tensor = (0.0, 0.0, 0.0),
    *,
    backend: RasterBackend = "cpp",
    num_threads: int = 1,
    screen: Tensor | None = None,
) -> RenderOutput[Tensor]:
    """Render as torch tensors, differentiable in the Gaussians.

    Args:
        gaussians: what to render.
        T_cam_world: (4, 4), OpenCV camera axes.
        K: (3, 3), pixel centres at integers.
        width: of the image, pixels.
        height: of the image, pixels.
        background_rgb: (3,) in [0, 1].
        backend: ``cpp`` (CPU), ``reference`` (dense oracle, tiny scenes), ``gsplat`` (CUDA).
        num_threads: of the C++ backend. Equal numbers of threads give equal bits.
        screen: (g, 2) zeros that require a gradient: receives that of the screen positions, pixels.
    """
    check_gaussians(gaussians, K, T_cam_world)
    background = torch.as_tensor(background_rgb, dtype=torch.float32)
    match backend:
        case "cpp":
            camera = (as_float32(T_cam_world), as_float32(K), width, height)
            out = CppRender.apply(*gaussians.tensors, screen, camera, background, num_threads)
        case "reference":
            dtype = gaussians.means.dtype
            T, k = (torch.as_tensor(np.asarray(m), dtype=dtype) for m in (T_cam_world, K))
            out = render_dense(gaussians.tensors, screen, T, k, width, height, background.to(dtype))
        case "gsplat":
            T, k = (torch.as_tensor(np.asarray(m), dtype=torch.float32) for m in (T_cam_world, K))
            out = render_gsplat(gaussians.tensors, screen, T, k, width, height, background)
    rgb, alpha, accumulated, square, median = out
    safe = alpha.clamp(min=1e-6)
    depth_m = accumulated / safe
    variance = (square / safe - depth_m**2).clamp(min=0)
    return RenderOutput(rgb, alpha, depth_m, median, variance)


def render_numpy(
    gaussians: Gaussians2D,
    T_cam_world: ArrayLike,
    K: ArrayLike,
    width: int,
    height: int,
    background_rgb: ArrayLike = (0.0, 0.0, 0.0),
    *,
    backend: RasterBackend = "cpp",
    num_threads: int = 1,
) -> RenderOutput[NDArray[np.float32]]:
    """As ``render``, as numpy float32 arrays and without gradients."""
    if backend != "cpp":
        seen = (T_cam_world, K, width, height, background_rgb)
        return _as_numpy(render(gaussians, *seen, backend=backend, num_threads=num_threads))
    # Without torch's bookkeeping: simulators call this for each new camera.
    camera = (as_float32(T_cam_world), as_float32(K), width, height)
    rgb, alpha, depth, square, median = forward(
        as_splats(gaussians.tensors), *camera, as_float32(background_rgb), num_threads
    )
    safe = np.maximum(alpha, 1e-6)
    depth_m: NDArray[np.float32] = np.divide(depth, safe)
    variance = np.maximum(square / safe - depth_m**2, 0)
    return RenderOutput(rgb, alpha, depth_m, median, variance)


def _as_numpy(out: RenderOutput[Tensor]) -> RenderOutput[NDArray[np.float32]]:
    values = (getattr(out, f.name).detach().cpu().numpy() for f in fields(out))
    return RenderOutput(*(np.asarray(v, np.float32) for v in values))


def check_gaussians(gaussians: Gaussians2D, K: Any, T_cam_world: Any) -> None:
    """Refuse shapes that the kernel would read out of bounds.

    Raises:
        BadInputError: naming the field and both shapes.
    """
    n = len(gaussians.means)
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "means": (gaussians.means, (n, 3)),
        "quats_wxyz": (gaussians.quats_wxyz, (n, 4)),
        "scales": (gaussians.scales, (n, 2)),
        "opacities": (gaussians.opacities, (n,)),
        "rgb": (gaussians.rgb, (n, 3)),
        "K": (K, (3, 3)),
        "T_cam_world": (T_cam_world, (4, 4)),
    }
    for name, (value, expected) in shapes.items():
        actual = tuple(np.shape(value) if not isinstance(value, Tensor) else value.shape)
        if actual != expected:
            raise BadInputError(f"render: {name} has shape {actual}, expected {expected}")
